- dashboard: products
  title: Products and categories
  description: What is viewed, sold and returned, by product, category and month.
  layout: newspaper
  filters:
  - name: Months
    title: Months
    type: date_filter
    default_value: 12 months
    allow_multiple_values: true
    required: false
  - name: Category
    title: Category
    type: field_filter
    model: analytics
    explore: agg_category_performance
    field: agg_category_performance.category
    allow_multiple_values: true
    required: false
  elements:
  - name: revenue_by_category
    title: Gross revenue by category
    type: looker_area
    model: analytics
    explore: agg_category_performance
    fields: [agg_category_performance.calendar_month, agg_category_performance.category, agg_category_performance.gross_revenue]
    pivots: [agg_category_performance.category]
    sorts: [agg_category_performance.calendar_month, agg_category_performance.category]
    limit: 500
    listen:
      Months: agg_category_performance.calendar_month
      Category: agg_category_performance.category
    row: 0
    col: 0
    width: 16
    height: 8
  - name: refunds_by_category
    title: Refunds by category
    type: looker_bar
    model: analytics
    explore: agg_category_performance
    fields: [agg_category_performance.category, agg_category_performance.refund_amount, agg_category_performance.net_revenue]
    sorts: [agg_category_performance.refund_amount desc]
    limit: 50
    listen:
      Months: agg_category_performance.calendar_month
      Category: agg_category_performance.category
    row: 0
    col: 16
    width: 8
    height: 8
  - name: product_performance
    title: Products
    type: looker_grid
    model: analytics
    explore: agg_product_performance
    fields: [agg_product_performance.product_name, agg_product_performance.category, agg_product_performance.view_count,
      agg_product_performance.cart_count, agg_product_performance.unit_count, agg_product_performance.gross_revenue,
      agg_product_performance.refund_amount, agg_product_performance.net_revenue]
    sorts: [agg_product_performance.gross_revenue desc]
    limit: 100
    listen:
      Months: agg_product_performance.calendar_month
      Category: agg_product_performance.category
    row: 8
    col: 0
    width: 16
    height: 10
  - name: best_sellers
    title: Best sellers of all time
    type: looker_grid
    model: analytics
    explore: mart_best_selling_products
    fields: [mart_best_selling_products.revenue_rank, mart_best_selling_products.product_name, mart_best_selling_products.unit_count,
      mart_best_selling_products.gross_revenue]
    sorts: [mart_best_selling_products.revenue_rank]
    limit: 20
    listen:
      Category: mart_best_selling_products.category
    row: 8
    col: 16
    width: 8
    height: 10
  - name: recommendations
    title: Recommendations
    type: looker_grid
    model: analytics
    explore: product_recommendations
    fields: [product_recommendations.product_name, product_recommendations.recommendation_rank, product_recommendations.recommended_product_name,
      product_recommendations.lift, product_recommendations.confidence]
    sorts: [product_recommendations.product_name, product_recommendations.recommendation_rank]
    limit: 500
    listen:
      Category: dim_products.category
    row: 18
    col: 0
    width: 12
    height: 8
  - name: refund_reasons
    title: Why products come back
    type: looker_bar
    model: analytics
    explore: fct_refunds
    fields: [fct_refunds.reason, fct_refunds.refund_count, fct_refunds.refund_amount]
    sorts: [fct_refunds.refund_amount desc]
    limit: 20
    listen:
      Months: fct_refunds.refund_month
      Category: dim_products.category
    row: 18
    col: 12
    width: 12
    height: 8
