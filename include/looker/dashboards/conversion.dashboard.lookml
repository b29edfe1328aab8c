- dashboard: conversion
  title: Visits, carts and experiments
  description: Where visitors leave, which carts come back, and what experiments say.
  layout: newspaper
  filters:
  - name: Days
    title: Days
    type: date_filter
    default_value: 90 days
    allow_multiple_values: true
    required: false
  elements:
  - name: funnel
    title: Conversion funnel
    type: looker_funnel
    model: analytics
    explore: conversion_funnel
    fields: [conversion_funnel.stage_number, conversion_funnel.stage, conversion_funnel.session_count, conversion_funnel.rate_of_previous]
    filters:
      conversion_funnel.dimension: day
    sorts: [conversion_funnel.stage_number]
    limit: 5
    listen:
      Days: conversion_funnel.session_date
    row: 0
    col: 0
    width: 8
    height: 8
  - name: funnel_by_device
    title: Funnel by device
    type: looker_column
    model: analytics
    explore: fct_sessions
    fields: [fct_sessions.device_category, fct_sessions.session_count, fct_sessions.view_item_session_count, fct_sessions.add_to_cart_session_count,
      fct_sessions.begin_checkout_session_count, fct_sessions.purchase_session_count]
    sorts: [fct_sessions.session_count desc]
    limit: 20
    listen:
      Days: fct_sessions.session_date
    row: 0
    col: 8
    width: 8
    height: 8
  - name: sessions_by_channel
    title: Sessions by channel
    type: looker_bar
    model: analytics
    explore: fct_sessions
    fields: [fct_sessions.channel, fct_sessions.session_count, fct_sessions.converted_session_count, fct_sessions.conversion_rate]
    sorts: [fct_sessions.session_count desc]
    limit: 20
    listen:
      Days: fct_sessions.session_date
    row: 0
    col: 16
    width: 8
    height: 8
  - name: carts_by_week
    title: Carts by week
    type: looker_line
    model: analytics
    explore: cart_abandonment
    fields: [cart_abandonment.cart_week, cart_abandonment.cart_count, cart_abandonment.abandonment_rate, cart_abandonment.recovery_rate]
    sorts: [cart_abandonment.cart_week]
    limit: 100
    listen:
      Days: cart_abandonment.cart_date
    row: 8
    col: 0
    width: 12
    height: 8
  - name: lost_by_device
    title: Value of lost carts
    type: looker_bar
    model: analytics
    explore: cart_abandonment
    fields: [cart_abandonment.device_category, cart_abandonment.lost_value, cart_abandonment.recovered_value]
    sorts: [cart_abandonment.lost_value desc]
    limit: 20
    listen:
      Days: cart_abandonment.cart_date
    row: 8
    col: 12
    width: 12
    height: 8
  - name: experiments
    title: Experiments
    type: looker_grid
    model: analytics
    explore: experiment_results
    fields: [experiment_results.experiment_id, experiment_results.experiment_variant, experiment_results.verdict,
      experiment_results.conversion_lift, experiment_results.conversion_lift_low, experiment_results.conversion_lift_high,
      experiment_results.conversion_p_value, experiment_results.unit_count, experiment_results.conversion_rate,
      experiment_results.revenue_per_unit]
    sorts: [experiment_results.experiment_id, experiment_results.experiment_variant]
    limit: 100
    row: 16
    col: 0
    width: 24
    height: 8
