- dashboard: executive_overview
  title: Executive overview
  description: Revenue, orders, conversion and channels at a glance.
  layout: newspaper
  filters:
  - name: Days
    title: Days
    type: date_filter
    default_value: 90 days
    allow_multiple_values: true
    required: false
  elements:
  - name: net_revenue
    title: Net revenue
    type: single_value
    model: analytics
    explore: agg_daily_kpis
    fields: [agg_daily_kpis.net_revenue, agg_daily_kpis.net_revenue_change_from_year_ago]
    limit: 1
    listen:
      Days: agg_daily_kpis.calendar_date
    row: 0
    col: 0
    width: 6
    height: 3
  - name: orders
    title: Orders
    type: single_value
    model: analytics
    explore: agg_daily_kpis
    fields: [agg_daily_kpis.order_count, agg_daily_kpis.order_count_change_from_year_ago]
    limit: 1
    listen:
      Days: agg_daily_kpis.calendar_date
    row: 0
    col: 6
    width: 6
    height: 3
  - name: average_order_value
    title: Average order value
    type: single_value
    model: analytics
    explore: agg_daily_kpis
    fields: [agg_daily_kpis.average_order_value]
    limit: 1
    listen:
      Days: agg_daily_kpis.calendar_date
    row: 0
    col: 12
    width: 6
    height: 3
  - name: conversion_rate
    title: Conversion rate
    type: single_value
    model: analytics
    explore: agg_daily_kpis
    fields: [agg_daily_kpis.conversion_rate, agg_daily_kpis.cart_abandonment_rate]
    limit: 1
    listen:
      Days: agg_daily_kpis.calendar_date
    row: 0
    col: 18
    width: 6
    height: 3
  - name: revenue_by_day
    title: Revenue by day
    type: looker_line
    model: analytics
    explore: agg_daily_kpis
    fields: [agg_daily_kpis.calendar_date, agg_daily_kpis.gross_revenue, agg_daily_kpis.net_revenue]
    sorts: [agg_daily_kpis.calendar_date]
    limit: 500
    listen:
      Days: agg_daily_kpis.calendar_date
    row: 3
    col: 0
    width: 16
    height: 8
  - name: orders_and_average_order_value
    title: Orders and average order value
    type: looker_line
    model: analytics
    explore: agg_daily_kpis
    fields: [agg_daily_kpis.calendar_date, agg_daily_kpis.order_count, agg_daily_kpis.average_order_value]
    sorts: [agg_daily_kpis.calendar_date]
    limit: 500
    listen:
      Days: agg_daily_kpis.calendar_date
    row: 3
    col: 16
    width: 8
    height: 8
  - name: new_and_returning
    title: Revenue of new and returning customers
    type: looker_area
    model: analytics
    explore: agg_weekly_kpis
    fields: [agg_weekly_kpis.calendar_week, agg_weekly_kpis.new_revenue, agg_weekly_kpis.returning_revenue, agg_weekly_kpis.unknown_revenue]
    filters:
      agg_weekly_kpis.is_complete: 'yes'
    sorts: [agg_weekly_kpis.calendar_week]
    limit: 500
    listen:
      Days: agg_weekly_kpis.calendar_week
    row: 11
    col: 0
    width: 12
    height: 8
  - name: months
    title: The last 24 months
    type: looker_grid
    model: analytics
    explore: agg_monthly_kpis
    fields: [agg_monthly_kpis.calendar_month, agg_monthly_kpis.gross_revenue, agg_monthly_kpis.net_revenue, agg_monthly_kpis.order_count,
      agg_monthly_kpis.average_order_value, agg_monthly_kpis.customer_count, agg_monthly_kpis.gross_revenue_change_from_previous,
      agg_monthly_kpis.gross_revenue_change_from_year_ago]
    sorts: [agg_monthly_kpis.calendar_month desc]
    limit: 24
    row: 11
    col: 12
    width: 12
    height: 8
  - name: revenue_by_channel
    title: Revenue by channel
    type: looker_bar
    model: analytics
    explore: fct_orders
    fields: [fct_orders.channel, fct_orders.gross_revenue, fct_orders.order_count]
    sorts: [fct_orders.gross_revenue desc]
    limit: 20
    listen:
      Days: fct_orders.order_date
    row: 19
    col: 0
    width: 12
    height: 8
  - name: conversion_funnel
    title: Conversion funnel
    type: looker_funnel
    model: analytics
    explore: conversion_funnel
    fields: [conversion_funnel.stage_number, conversion_funnel.stage, conversion_funnel.session_count, conversion_funnel.rate_of_entered]
    filters:
      conversion_funnel.dimension: day
    sorts: [conversion_funnel.stage_number]
    limit: 5
    listen:
      Days: conversion_funnel.session_date
    row: 19
    col: 12
    width: 12
    height: 8
