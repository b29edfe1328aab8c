# One row per ISO week (store time zone, Monday to Sunday) with a published day; its days' sums, rates computed from them, and each customer counted once.
view: agg_weekly_kpis {
  sql_table_name: @{DATABASE}.marts.agg_weekly_kpis ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: date
    datatype: date
    convert_tz: no
    sql: ${TABLE}.week_start ;;
    description: "Monday of the ISO week."
  }

  dimension: customer_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.customer_count ;;
    value_format_name: decimal_0
    description: "Known customers with a valid order in the week, each counted once."
  }

  dimension: returning_customer_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.returning_customer_count ;;
    value_format_name: decimal_0
    description: "Those of them who had bought before."
  }

  dimension: order_frequency {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.order_frequency ;;
    value_format_name: decimal_2
    description: "Valid orders of known customers per known customer who ordered; null without one."
  }

  dimension: is_complete {
    type: yesno
    sql: ${TABLE}.is_complete ;;
    description: "Whether every source has published the week to its last day."
  }

  dimension_group: calendar {
    type: time
    timeframes: [raw, week]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.week_start ;;
    description: "Monday of the ISO week."
  }

  set: detail {
    fields: [calendar_week, gross_revenue, net_revenue, order_count, average_order_value]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Sum of the line amounts of valid orders of the week, before discounts."
    drill_fields: [detail*]
  }

  measure: discount_amount {
    type: sum
    sql: ${TABLE}.discount_amount ;;
    value_format_name: money
    description: "Discounts granted on them."
    drill_fields: [detail*]
  }

  measure: refund_amount {
    type: sum
    sql: ${TABLE}.refund_amount ;;
    value_format_name: money
    description: "Money paid back in the week, whenever the order was."
    drill_fields: [detail*]
  }

  measure: net_revenue {
    type: sum
    sql: ${TABLE}.net_revenue ;;
    value_format_name: money
    description: "Gross revenue less discounts less refunds."
    drill_fields: [detail*]
  }

  measure: new_revenue {
    type: sum
    sql: ${TABLE}.new_revenue ;;
    value_format_name: money
    description: "Gross revenue of customers' first valid orders."
    drill_fields: [detail*]
  }

  measure: returning_revenue {
    type: sum
    sql: ${TABLE}.returning_revenue ;;
    value_format_name: money
    description: "Gross revenue of customers' later orders."
    drill_fields: [detail*]
  }

  measure: unknown_revenue {
    type: sum
    sql: ${TABLE}.unknown_revenue ;;
    value_format_name: money
    description: "Gross revenue of buyers nobody knows."
    drill_fields: [detail*]
  }

  measure: order_count {
    type: sum
    sql: ${TABLE}.order_count ;;
    value_format_name: decimal_0
    description: "Valid orders."
    drill_fields: [detail*]
  }

  measure: new_order_count {
    type: sum
    sql: ${TABLE}.new_order_count ;;
    value_format_name: decimal_0
    description: "Valid orders that are their customer's first."
    drill_fields: [detail*]
  }

  measure: returning_order_count {
    type: sum
    sql: ${TABLE}.returning_order_count ;;
    value_format_name: decimal_0
    description: "Valid orders of customers who had bought before."
    drill_fields: [detail*]
  }

  measure: unknown_order_count {
    type: sum
    sql: ${TABLE}.unknown_order_count ;;
    value_format_name: decimal_0
    description: "Valid orders of buyers nobody knows."
    drill_fields: [detail*]
  }

  measure: single_item_order_count {
    type: sum
    sql: ${TABLE}.single_item_order_count ;;
    value_format_name: decimal_0
    description: "Valid orders of one line only."
    drill_fields: [detail*]
  }

  measure: item_count {
    type: sum
    sql: ${TABLE}.item_count ;;
    value_format_name: decimal_0
    description: "Lines of valid orders."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    sql: ${TABLE}.unit_count ;;
    value_format_name: decimal_0
    description: "Units sold in valid orders."
    drill_fields: [detail*]
  }

  measure: refund_count {
    type: sum
    sql: ${TABLE}.refund_count ;;
    value_format_name: decimal_0
    description: "Refunds paid in the week."
    drill_fields: [detail*]
  }

  measure: session_count {
    type: sum
    sql: ${TABLE}.session_count ;;
    value_format_name: decimal_0
    description: "Sessions that began in the week."
    drill_fields: [detail*]
  }

  measure: converted_session_count {
    type: sum
    sql: ${TABLE}.converted_session_count ;;
    value_format_name: decimal_0
    description: "Those of them that hold a purchase."
    drill_fields: [detail*]
  }

  measure: cart_count {
    type: sum
    sql: ${TABLE}.cart_count ;;
    value_format_name: decimal_0
    description: "Carts opened in the week."
    drill_fields: [detail*]
  }

  measure: open_cart_count {
    type: sum
    sql: ${TABLE}.open_cart_count ;;
    value_format_name: decimal_0
    description: "Those of them that are neither bought nor abandoned yet."
    drill_fields: [detail*]
  }

  measure: abandoned_cart_count {
    type: sum
    sql: ${TABLE}.abandoned_cart_count ;;
    value_format_name: decimal_0
    description: "Those of them that were left, whether or not they were recovered."
    drill_fields: [detail*]
  }

  measure: recovered_cart_count {
    type: sum
    sql: ${TABLE}.recovered_cart_count ;;
    value_format_name: decimal_0
    description: "Abandoned carts whose visitor bought in time after all."
    drill_fields: [detail*]
  }

  measure: new_customer_count {
    type: sum
    sql: ${TABLE}.new_customer_count ;;
    value_format_name: decimal_0
    description: "Those of them whose first valid order was in the week."
    drill_fields: [detail*]
  }

  measure: average_order_value {
    type: number
    sql: ${gross_revenue} / nullif(${order_count}, 0) ;;
    value_format_name: money
    description: "Gross revenue per valid order; null without orders."
  }

  measure: items_per_order {
    type: number
    sql: ${item_count} / nullif(${order_count}, 0) ;;
    value_format_name: decimal_2
    description: "Lines per valid order; null without orders."
  }

  measure: units_per_order {
    type: number
    sql: ${unit_count} / nullif(${order_count}, 0) ;;
    value_format_name: decimal_2
    description: "Units per valid order; null without orders."
  }

  measure: single_item_order_share {
    type: number
    sql: ${single_item_order_count} / nullif(${order_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of the valid orders that have one line only; null without orders."
  }

  measure: conversion_rate {
    type: number
    sql: ${converted_session_count} / nullif(${session_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of the sessions that hold a purchase; null without sessions."
  }

  measure: cart_abandonment_rate {
    type: number
    sql: ${abandoned_cart_count} / nullif(${cart_count} - ${open_cart_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of the carts that are not open any more that were abandoned; null without any."
  }

  measure: gross_revenue_change_from_previous {
    type: number
    sql: (${comparable_gross_revenue_previous} - ${previous_gross_revenue}) / nullif(abs(${previous_gross_revenue}), 0) ;;
    value_format_name: percent_2
    description: "(gross_revenue − previous_gross_revenue) ÷ |previous_gross_revenue|; null where that is 0 or null."
  }

  measure: gross_revenue_change_from_year_ago {
    type: number
    sql: (${comparable_gross_revenue_year_ago} - ${year_ago_gross_revenue}) / nullif(abs(${year_ago_gross_revenue}), 0) ;;
    value_format_name: percent_2
    description: "(gross_revenue − year_ago_gross_revenue) ÷ |year_ago_gross_revenue|; null where that is 0 or null."
  }

  measure: net_revenue_change_from_previous {
    type: number
    sql: (${comparable_net_revenue_previous} - ${previous_net_revenue}) / nullif(abs(${previous_net_revenue}), 0) ;;
    value_format_name: percent_2
    description: "(net_revenue − previous_net_revenue) ÷ |previous_net_revenue|; null where that is 0 or null."
  }

  measure: net_revenue_change_from_year_ago {
    type: number
    sql: (${comparable_net_revenue_year_ago} - ${year_ago_net_revenue}) / nullif(abs(${year_ago_net_revenue}), 0) ;;
    value_format_name: percent_2
    description: "(net_revenue − year_ago_net_revenue) ÷ |year_ago_net_revenue|; null where that is 0 or null."
  }

  measure: order_count_change_from_previous {
    type: number
    sql: (${comparable_order_count_previous} - ${previous_order_count}) / nullif(abs(${previous_order_count}), 0) ;;
    value_format_name: percent_2
    description: "(order_count − previous_order_count) ÷ |previous_order_count|; null where that is 0 or null."
  }

  measure: order_count_change_from_year_ago {
    type: number
    sql: (${comparable_order_count_year_ago} - ${year_ago_order_count}) / nullif(abs(${year_ago_order_count}), 0) ;;
    value_format_name: percent_2
    description: "(order_count − year_ago_order_count) ÷ |year_ago_order_count|; null where that is 0 or null."
  }

  measure: previous_gross_revenue {
    hidden: yes
    type: sum
    sql: ${TABLE}.previous_gross_revenue ;;
    value_format_name: money
    description: "gross_revenue of the week before."
  }

  # Of the rows only that have something to compare with.
  measure: comparable_gross_revenue_previous {
    hidden: yes
    type: sum
    sql: case when ${TABLE}.previous_gross_revenue is not null then ${TABLE}.gross_revenue end ;;
    value_format_name: money
    tags: ["dbt:agg_weekly_kpis.gross_revenue"]
    description: "Sum of the line amounts of valid orders of the week, before discounts."
  }

  measure: previous_net_revenue {
    hidden: yes
    type: sum
    sql: ${TABLE}.previous_net_revenue ;;
    value_format_name: money
    description: "net_revenue of the week before."
  }

  # Of the rows only that have something to compare with.
  measure: comparable_net_revenue_previous {
    hidden: yes
    type: sum
    sql: case when ${TABLE}.previous_net_revenue is not null then ${TABLE}.net_revenue end ;;
    value_format_name: money
    tags: ["dbt:agg_weekly_kpis.net_revenue"]
    description: "Gross revenue less discounts less refunds."
  }

  measure: previous_order_count {
    hidden: yes
    type: sum
    sql: ${TABLE}.previous_order_count ;;
    value_format_name: decimal_0
    description: "order_count of the week before."
  }

  # Of the rows only that have something to compare with.
  measure: comparable_order_count_previous {
    hidden: yes
    type: sum
    sql: case when ${TABLE}.previous_order_count is not null then ${TABLE}.order_count end ;;
    value_format_name: decimal_0
    tags: ["dbt:agg_weekly_kpis.order_count"]
    description: "Valid orders."
  }

  measure: year_ago_gross_revenue {
    hidden: yes
    type: sum
    sql: ${TABLE}.year_ago_gross_revenue ;;
    value_format_name: money
    description: "gross_revenue of the week 52 weeks before."
  }

  # Of the rows only that have something to compare with.
  measure: comparable_gross_revenue_year_ago {
    hidden: yes
    type: sum
    sql: case when ${TABLE}.year_ago_gross_revenue is not null then ${TABLE}.gross_revenue end ;;
    value_format_name: money
    tags: ["dbt:agg_weekly_kpis.gross_revenue"]
    description: "Sum of the line amounts of valid orders of the week, before discounts."
  }

  measure: year_ago_net_revenue {
    hidden: yes
    type: sum
    sql: ${TABLE}.year_ago_net_revenue ;;
    value_format_name: money
    description: "net_revenue of the week 52 weeks before."
  }

  # Of the rows only that have something to compare with.
  measure: comparable_net_revenue_year_ago {
    hidden: yes
    type: sum
    sql: case when ${TABLE}.year_ago_net_revenue is not null then ${TABLE}.net_revenue end ;;
    value_format_name: money
    tags: ["dbt:agg_weekly_kpis.net_revenue"]
    description: "Gross revenue less discounts less refunds."
  }

  measure: year_ago_order_count {
    hidden: yes
    type: sum
    sql: ${TABLE}.year_ago_order_count ;;
    value_format_name: decimal_0
    description: "order_count of the week 52 weeks before."
  }

  # Of the rows only that have something to compare with.
  measure: comparable_order_count_year_ago {
    hidden: yes
    type: sum
    sql: case when ${TABLE}.year_ago_order_count is not null then ${TABLE}.order_count end ;;
    value_format_name: decimal_0
    tags: ["dbt:agg_weekly_kpis.order_count"]
    description: "Valid orders."
  }
}
