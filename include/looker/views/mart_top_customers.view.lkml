# One row per customer among the best top_customer_count (20): by the total of the three RFM scores, then by their share of the gross revenue of all known customers, then by key.
view: mart_top_customers {
  sql_table_name: @{DATABASE}.marts.mart_top_customers ;;

  dimension: customer_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers."
  }

  dimension: customer_rank {
    type: number
    sql: ${TABLE}.customer_rank ;;
    value_format_name: decimal_0
    description: "1 for the best customer."
  }

  dimension: segment {
    type: string
    sql: ${TABLE}.segment ;;
    description: "RFM segment."
  }

  dimension: customer_activity_status {
    type: string
    sql: ${TABLE}.customer_activity_status ;;
    description: "How long ago the customer last ordered."
  }

  dimension: customer_value_segment {
    type: string
    sql: ${TABLE}.customer_value_segment ;;
    description: "Whether the customer is among those who brought most gross revenue."
  }

  dimension: rfm_score {
    type: string
    sql: ${TABLE}.rfm_score ;;
    description: "The three scores in one, \"555\" for the best."
  }

  dimension: score_total {
    type: number
    sql: ${TABLE}.score_total ;;
    value_format_name: decimal_0
    description: "Sum of the three scores, 3 to 15."
  }

  dimension: contribution_share {
    type: number
    sql: ${TABLE}.contribution_share ;;
    value_format_name: percent_2
    description: "Share of the gross revenue of all known customers."
  }

  dimension: recency_days {
    type: number
    sql: ${TABLE}.recency_days ;;
    value_format_name: decimal_0
    description: "Calendar days from the last valid order's day to the as-of day."
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
    fields: [customer_rank, customer_key, segment, monetary]
  }

  measure: customer_count {
    type: count
    value_format_name: decimal_0
    description: "One row per customer among the best top_customer_count (20): by the total of the three RFM scores, then by their share of the gross revenue of all known customers, then by key."
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
    description: "Gross revenue per valid order."
  }
}
