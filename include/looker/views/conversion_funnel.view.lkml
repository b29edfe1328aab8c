# One row per stage of the purchase funnel and value of a dimension: overall, by day, device or channel.
view: conversion_funnel {
  sql_table_name: @{DATABASE}.marts.conversion_funnel ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.dimension::varchar || '|' || ${TABLE}.dimension_value::varchar || '|' || ${TABLE}.stage_number::varchar ;;
    description: "One row per stage of the purchase funnel and value of a dimension: overall, by day, device or channel."
  }

  dimension: dimension {
    type: string
    sql: ${TABLE}.dimension ;;
    description: "What the sessions are split by."
  }

  dimension: dimension_value {
    type: string
    sql: ${TABLE}.dimension_value ;;
    description: "The day as YYYY-MM-DD, the device category, source and medium, or \"all\"."
  }

  dimension_group: session {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: case when ${TABLE}.dimension = 'day' then try_to_date(${TABLE}.dimension_value, 'YYYY-MM-DD') end ;;
    tags: ["dbt:fct_sessions.session_day"]
    description: "Day on which the session began (store time zone); one of dim_dates."
  }

  dimension: stage_number {
    type: number
    sql: ${TABLE}.stage_number ;;
    value_format_name: decimal_0
    description: "1 for the visit to 5 for the purchase."
  }

  dimension: stage {
    type: string
    sql: ${TABLE}.stage ;;
    description: "Name of the stage."
  }

  set: detail {
    fields: [dimension_value, stage, session_count, rate_of_previous]
  }

  measure: session_count {
    type: sum
    sql: ${TABLE}.session_count ;;
    value_format_name: decimal_0
    description: "Sessions that reached the stage."
    drill_fields: [detail*]
  }

  measure: entered_session_count {
    type: sum
    sql: ${TABLE}.entered_session_count ;;
    value_format_name: decimal_0
    description: "All sessions of the value, those of the first stage."
    drill_fields: [detail*]
  }

  measure: previous_session_count {
    type: sum
    sql: ${TABLE}.previous_session_count ;;
    value_format_name: decimal_0
    description: "Sessions that reached the stage before; at the first stage its own."
    drill_fields: [detail*]
  }

  measure: dropped_session_count {
    type: sum
    sql: ${TABLE}.dropped_session_count ;;
    value_format_name: decimal_0
    description: "Sessions that reached the stage before but not this one."
    drill_fields: [detail*]
  }

  measure: rate_of_entered {
    type: number
    sql: ${session_count} / nullif(${entered_session_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of all sessions that reached the stage."
  }

  measure: rate_of_previous {
    type: number
    sql: ${session_count} / nullif(${previous_session_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of the sessions of the stage before; null if there are none."
  }

  measure: drop_off_rate {
    type: number
    sql: ${dropped_session_count} / nullif(${previous_session_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of the sessions of the stage before that went no further; null if there are none."
  }
}
