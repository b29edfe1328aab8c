- dashboard: customer_360
  title: Customer 360
  description: Segments, cohorts, value and risk of customers, and what is bought together.
  layout: newspaper
  filters:
  - name: Segment
    title: Segment
    type: field_filter
    model: analytics
    explore: rfm_analysis
    field: rfm_analysis.segment
    allow_multiple_values: true
    required: false
  elements:
  - name: customers_by_segment
    title: Customers by segment
    type: looker_bar
    model: analytics
    explore: rfm_analysis
    fields: [rfm_analysis.segment, rfm_analysis.customer_count, rfm_analysis.monetary, rfm_analysis.average_order_value]
    sorts: [rfm_analysis.customer_count desc]
    limit: 50
    listen:
      Segment: rfm_analysis.segment
    row: 0
    col: 0
    width: 12
    height: 8
  - name: rfm_grid
    title: Recency and frequency
    type: looker_grid
    model: analytics
    explore: rfm_analysis
    fields: [rfm_analysis.recency_score, rfm_analysis.frequency_score, rfm_analysis.customer_count]
    pivots: [rfm_analysis.frequency_score]
    sorts: [rfm_analysis.recency_score desc, rfm_analysis.frequency_score]
    limit: 50
    listen:
      Segment: rfm_analysis.segment
    row: 0
    col: 12
    width: 12
    height: 8
  - name: segments_over_time
    title: Segments over time
    type: looker_area
    model: analytics
    explore: rfm_history
    fields: [rfm_history.history_month, rfm_history.segment, rfm_history.customer_count]
    pivots: [rfm_history.segment]
    sorts: [rfm_history.history_month, rfm_history.segment]
    limit: 500
    listen:
      Segment: rfm_history.segment
    row: 8
    col: 0
    width: 12
    height: 8
  - name: cohort_retention
    title: Cohort retention
    type: looker_grid
    model: analytics
    explore: cohort_retention
    fields: [cohort_retention.cohort_month, cohort_retention.month_number, cohort_retention.retention_rate]
    pivots: [cohort_retention.month_number]
    sorts: [cohort_retention.cohort_month, cohort_retention.month_number]
    limit: 500
    row: 8
    col: 12
    width: 12
    height: 8
  - name: expected_value_by_segment
    title: Value by segment
    type: looker_grid
    model: analytics
    explore: dim_customers
    fields: [rfm_analysis.segment, dim_customers.customer_count, customer_lifetime_value.net_revenue, customer_lifetime_value.expected_value_365_days]
    sorts: [customer_lifetime_value.expected_value_365_days desc]
    limit: 50
    listen:
      Segment: rfm_analysis.segment
    row: 16
    col: 0
    width: 12
    height: 8
  - name: churn_risk
    title: Risk of churn
    type: looker_column
    model: analytics
    explore: dim_customers
    fields: [churn_risk.risk_class, churn_risk.customer_count, churn_risk.expected_value_365_days]
    filters:
      churn_risk.risk_class: -NULL
    sorts: [churn_risk.customer_count desc]
    limit: 10
    listen:
      Segment: rfm_analysis.segment
    row: 16
    col: 12
    width: 6
    height: 8
  - name: favourite_categories
    title: Favourite categories
    type: looker_bar
    model: analytics
    explore: dim_customers
    fields: [customer_behavior.favourite_category, customer_behavior.customer_count]
    sorts: [customer_behavior.customer_count desc]
    limit: 15
    listen:
      Segment: rfm_analysis.segment
    row: 16
    col: 18
    width: 6
    height: 8
  - name: top_customers
    title: Top customers
    type: looker_grid
    model: analytics
    explore: mart_top_customers
    fields: [mart_top_customers.customer_rank, mart_top_customers.customer_key, mart_top_customers.segment,
      mart_top_customers.customer_activity_status, mart_top_customers.customer_value_segment, mart_top_customers.frequency,
      mart_top_customers.monetary]
    sorts: [mart_top_customers.customer_rank]
    limit: 50
    listen:
      Segment: mart_top_customers.segment
    row: 24
    col: 0
    width: 12
    height: 8
  - name: bought_together
    title: Bought together
    type: looker_grid
    model: analytics
    explore: product_affinity
    fields: [product_affinity.product_name_a, product_affinity.product_name_b, product_affinity.pair_count, product_affinity.lift]
    sorts: [product_affinity.lift desc]
    limit: 50
    row: 24
    col: 12
    width: 12
    height: 8
