# One row per customer with a valid order before the as-of day, in exactly one RFM segment.
view: rfm_analysis {
  sql_table_name: @{DATABASE}.marts.rfm_analysis ;;

  dimension: customer_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers."
  }

  dimension: segment {
    type: string
    sql: ${TABLE}.segment ;;
    description: "The first segment of rfm_segments that the scores match."
  }

  dimension: recency_days {
    type: number
    sql: ${TABLE}.recency_days ;;
    value_format_name: decimal_0
    description: "Calendar days from the last valid order's day to the as-of day."
  }

  dimension: recency_score {
    type: number
    sql: ${TABLE}.recency_score ;;
    value_format_name: decimal_0
    description: "5 for the most recent buyers, 1 for those longest gone."
  }

  dimension: frequency_score {
    type: number
    sql: ${TABLE}.frequency_score ;;
    value_format_name: decimal_0
    description: "5 for the most frequent buyers."
  }

  dimension: monetary_score {
    type: number
    sql: ${TABLE}.monetary_score ;;
    value_format_name: decimal_0
    description: "5 for the highest gross revenue."
  }

  dimension: rfm_score {
    type: string
    sql: ${TABLE}.rfm_score ;;
    description: "The three scores in one, \"555\" for the best."
  }

  dimension_group: first_order {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.first_order_day ;;
    description: "Day of the first valid order."
  }

  dimension_group: last_order {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.last_order_day ;;
    description: "Day of the last valid order."
  }

  dimension_group: as_of {
    type: time
    timeframes: [date]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.as_of_date ;;
    description: "The day after the last published one."
  }

  set: detail {
    fields: [customer_key, segment, rfm_score, recency_days, frequency, monetary]
  }

  measure: customer_count {
    type: count
    value_format_name: decimal_0
    description: "One row per customer with a valid order before the as-of day, in exactly one RFM segment."
    drill_fields: [detail*]
  }

  measure: frequency {
    type: sum
    sql: ${TABLE}.frequency ;;
    value_format_name: decimal_0
    description: "Number of valid orders."
    drill_fields: [detail*]
  }

  measure: monetary {
    type: sum
    sql: ${TABLE}.monetary ;;
    value_format_name: money
    description: "Gross revenue."
    drill_fields: [detail*]
  }

  measure: average_order_value {
    type: number
    sql: ${monetary} / nullif(${frequency}, 0) ;;
    value_format_name: money
    tags: ["dbt:mart_top_customers.average_order_value"]
    description: "Gross revenue per valid order."
  }
}
