# One row per session of a visitor, with the stages of the purchase funnel it reached.
view: fct_sessions {
  sql_table_name: @{DATABASE}.marts.fct_sessions ;;

  dimension: session_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.session_key ;;
    description: "Key of the session."
  }

  dimension: user_pseudo_id {
    hidden: yes
    type: string
    sql: ${TABLE}.user_pseudo_id ;;
    description: "Device or browser id of Google Analytics."
  }

  dimension: customer_key {
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The first customer who signed in during the session; one of dim_customers, \"unknown\" if nobody did."
  }

  dimension: device_category {
    type: string
    sql: ${TABLE}.device_category ;;
    description: "Desktop, mobile or tablet, at the first event that says."
  }

  dimension: country {
    type: string
    sql: ${TABLE}.country ;;
    description: "Country of the visitor, at the first event that says."
  }

  dimension: traffic_source {
    type: string
    sql: ${TABLE}.traffic_source ;;
    description: "Source that first brought the visitor."
  }

  dimension: traffic_medium {
    type: string
    sql: ${TABLE}.traffic_medium ;;
    description: "Medium that first brought the visitor."
  }

  dimension: channel {
    type: string
    sql: ${TABLE}.channel ;;
    description: "Source and medium in one, as Google Analytics shows them."
  }

  dimension: landing_page {
    type: string
    sql: ${TABLE}.landing_page ;;
    description: "Page of the first event that has one."
  }

  dimension: furthest_stage {
    type: string
    sql: ${TABLE}.furthest_stage ;;
    description: "The last stage of the funnel that the session reached."
  }

  dimension: session_number {
    type: number
    sql: ${TABLE}.session_number ;;
    value_format_name: decimal_0
    description: "ga_session_number of the visitor."
  }

  dimension: is_converted {
    type: yesno
    sql: ${TABLE}.is_converted ;;
    description: "Whether the session holds a purchase, in whatever order of stages."
  }

  dimension_group: session {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.session_day ;;
    description: "Day on which the session began (store time zone); one of dim_dates."
  }

  dimension: started_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.started_at ;;
    description: "First event (UTC)."
  }

  dimension: ended_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.ended_at ;;
    description: "Last event (UTC)."
  }

  dimension: build_number {
    hidden: yes
    type: number
    sql: ${TABLE}.build_number ;;
    description: "The build that last computed the row."
  }

  set: detail {
    fields: [session_date, device_category, channel, landing_page, furthest_stage]
  }

  measure: session_count {
    type: count
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.session_count"]
    description: "Sessions that began on the day."
    drill_fields: [detail*]
  }

  measure: converted_session_count {
    type: count
    filters: [is_converted: "yes"]
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.converted_session_count"]
    description: "Those of them that hold a purchase."
    drill_fields: [detail*]
  }

  measure: view_item_session_count {
    type: count
    filters: [furthest_stage: "view_item,add_to_cart,begin_checkout,purchase"]
    value_format_name: decimal_0
    tags: ["dbt:conversion_funnel.session_count"]
    description: "Sessions that reached the stage."
    drill_fields: [detail*]
  }

  measure: add_to_cart_session_count {
    type: count
    filters: [furthest_stage: "add_to_cart,begin_checkout,purchase"]
    value_format_name: decimal_0
    tags: ["dbt:conversion_funnel.session_count"]
    description: "Sessions that reached the stage."
    drill_fields: [detail*]
  }

  measure: begin_checkout_session_count {
    type: count
    filters: [furthest_stage: "begin_checkout,purchase"]
    value_format_name: decimal_0
    tags: ["dbt:conversion_funnel.session_count"]
    description: "Sessions that reached the stage."
    drill_fields: [detail*]
  }

  measure: purchase_session_count {
    type: count
    filters: [furthest_stage: "purchase"]
    value_format_name: decimal_0
    tags: ["dbt:conversion_funnel.session_count"]
    description: "Sessions that reached the stage."
    drill_fields: [detail*]
  }

  measure: event_count {
    type: sum
    sql: ${TABLE}.event_count ;;
    value_format_name: decimal_0
    description: "Events of the session."
    drill_fields: [detail*]
  }

  measure: page_view_count {
    type: sum
    sql: ${TABLE}.page_view_count ;;
    value_format_name: decimal_0
    description: "Page views of the session."
    drill_fields: [detail*]
  }

  measure: purchase_count {
    type: sum
    sql: ${TABLE}.purchase_count ;;
    value_format_name: decimal_0
    description: "Purchases of the session, in whatever order of stages."
    drill_fields: [detail*]
  }

  measure: conversion_rate {
    type: number
    sql: ${converted_session_count} / nullif(${session_count}, 0) ;;
    value_format_name: percent_2
    tags: ["dbt:agg_daily_kpis.conversion_rate"]
    description: "Share of the sessions that hold a purchase; null without sessions."
  }
}
