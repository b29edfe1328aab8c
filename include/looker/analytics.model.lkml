# Explores over the marts. What a number means stands in the dbt model; here measures are sums of its columns and ratios of sums.
connection: "@{CONNECTION}"
label: "Shop analytics"
week_start_day: monday

include: "/views/*.view.lkml"
include: "/dashboards/*.dashboard.lookml"

named_value_format: money {
  value_format: "#,##0.00"
}

# A result is kept until a build changes a mart it was computed from: audit.built_marts says which those are. One datagroup
# for all explores whose marts are computed from the same sources, as these always change together; a test compares them.
datagroup: kpis_built {
  label: "Key figures, orders and customers"
  description: "A build took in orders, lines, refunds, customers or visits, or has a new last day of data."
  sql_trigger: select max(build_number) from @{DATABASE}.audit.built_marts where mart in ('agg_daily_kpis', 'rfm_analysis', 'customer_lifetime_value', 'fct_orders', 'dim_customers') ;;
  max_cache_age: "48 hours"
}

datagroup: products_built {
  label: "Products, order lines and behaviour"
  description: "As key figures, and the catalog."
  sql_trigger: select max(build_number) from @{DATABASE}.audit.built_marts where mart in ('agg_product_performance', 'customer_behavior', 'fct_order_items', 'fct_refunds', 'dim_products') ;;
  max_cache_age: "48 hours"
}

datagroup: visits_built {
  label: "Sessions, funnel, carts, experiments"
  description: "A build took in visits, or orders and customers that tell whose they are, or has a new last day of data."
  sql_trigger: select max(build_number) from @{DATABASE}.audit.built_marts where mart in ('fct_sessions', 'conversion_funnel', 'cart_abandonment', 'experiment_results') ;;
  max_cache_age: "48 hours"
}

explore: agg_daily_kpis {
  group_label: "Business"
  label: "KPIs by day"
  persist_with: kpis_built
}

explore: agg_weekly_kpis {
  group_label: "Business"
  label: "KPIs by week"
  persist_with: kpis_built
}

explore: agg_monthly_kpis {
  group_label: "Business"
  label: "KPIs by month"
  persist_with: kpis_built
}

# Facts are published a table at a time: these explores end, as the marts do, with the last day of the build that finished last.
explore: fct_orders {
  group_label: "Business"
  label: "Orders"
  persist_with: kpis_built
  sql_always_where: ${fct_orders.order_raw} <= (select data_through from @{DATABASE}.audit.builds order by build_number desc limit 1) ;;

  join: dim_customers {
    view_label: "Customer"
    type: left_outer
    relationship: many_to_one
    sql_on: ${fct_orders.customer_key} = ${dim_customers.customer_key} and ${dim_customers.is_current} ;;
  }
}

explore: fct_order_items {
  group_label: "Business"
  label: "Order lines"
  persist_with: products_built
  sql_always_where: ${fct_order_items.order_raw} <= (select data_through from @{DATABASE}.audit.builds order by build_number desc limit 1) ;;

  join: dim_products {
    view_label: "Product"
    type: left_outer
    relationship: many_to_one
    sql_on: ${fct_order_items.product_key} = ${dim_products.product_key} and ${dim_products.is_current} ;;
  }
}

explore: fct_refunds {
  group_label: "Business"
  label: "Refunds"
  persist_with: products_built
  sql_always_where: ${fct_refunds.refund_raw} <= (select data_through from @{DATABASE}.audit.builds order by build_number desc limit 1) ;;

  join: dim_products {
    view_label: "Product"
    type: left_outer
    relationship: many_to_one
    sql_on: ${fct_refunds.product_key} = ${dim_products.product_key} and ${dim_products.is_current} ;;
  }
}

# One customer with everything known: segment, value, risk, habits. No name, e-mail or phone: those stay in schema pii.
explore: dim_customers {
  group_label: "Customers"
  label: "Customer 360"
  persist_with: products_built
  sql_always_where: ${dim_customers.is_current} ;;

  join: rfm_analysis {
    view_label: "RFM"
    type: left_outer
    relationship: one_to_one
    sql_on: ${dim_customers.customer_key} = ${rfm_analysis.customer_key} ;;
  }

  join: customer_lifetime_value {
    view_label: "Value"
    type: left_outer
    relationship: one_to_one
    sql_on: ${dim_customers.customer_key} = ${customer_lifetime_value.customer_key} ;;
  }

  join: churn_risk {
    view_label: "Churn"
    type: left_outer
    relationship: one_to_one
    sql_on: ${dim_customers.customer_key} = ${churn_risk.customer_key} ;;
  }

  join: customer_behavior {
    view_label: "Behaviour"
    type: left_outer
    relationship: one_to_one
    sql_on: ${dim_customers.customer_key} = ${customer_behavior.customer_key} ;;
  }
}

explore: rfm_analysis {
  group_label: "Customers"
  label: "RFM segments"
  persist_with: kpis_built
}

explore: rfm_history {
  group_label: "Customers"
  label: "RFM history"
  persist_with: kpis_built
}

explore: mart_top_customers {
  group_label: "Customers"
  label: "Top customers"
  persist_with: kpis_built
}

explore: cohort_retention {
  group_label: "Customers"
  label: "Cohorts"
  persist_with: kpis_built
}

explore: customer_lifetime_value {
  group_label: "Customers"
  label: "Customer value"
  persist_with: kpis_built
}

explore: churn_risk {
  group_label: "Customers"
  label: "Churn risk"
  persist_with: kpis_built
}

explore: customer_behavior {
  group_label: "Customers"
  label: "Behaviour"
  persist_with: products_built
}

explore: agg_product_performance {
  group_label: "Products"
  label: "Products by month"
  persist_with: products_built
}

explore: agg_category_performance {
  group_label: "Products"
  label: "Categories by month"
  persist_with: products_built
}

explore: mart_best_selling_products {
  group_label: "Products"
  label: "Best sellers"
  persist_with: products_built
}

explore: product_affinity {
  group_label: "Products"
  label: "Bought together"
  persist_with: products_built
}

explore: product_recommendations {
  group_label: "Products"
  label: "Recommendations"
  persist_with: products_built

  join: dim_products {
    view_label: "Product"
    type: left_outer
    relationship: many_to_one
    sql_on: ${product_recommendations.product_key} = ${dim_products.product_key} and ${dim_products.is_current} ;;
  }
}

explore: fct_sessions {
  group_label: "Visits"
  label: "Sessions"
  persist_with: visits_built
  sql_always_where: ${fct_sessions.session_raw} <= (select data_through from @{DATABASE}.audit.builds order by build_number desc limit 1) ;;
}

# The rows are the same sessions once overall and once by day, device and channel: always one of the four at a time.
explore: conversion_funnel {
  group_label: "Visits"
  label: "Funnel"
  persist_with: visits_built
  always_filter: {
    filters: [conversion_funnel.dimension: "overall"]
  }
}

explore: cart_abandonment {
  group_label: "Visits"
  label: "Carts"
  persist_with: visits_built
}

explore: experiment_results {
  group_label: "Visits"
  label: "Experiments"
  persist_with: visits_built
}

# What the pipeline did changes with every batch, not with a build.
explore: audit_loads {
  group_label: "Pipeline"
  label: "Published batches"
  persist_for: "5 minutes"
}

explore: audit_builds {
  group_label: "Pipeline"
  label: "Builds"
  persist_for: "5 minutes"
}
