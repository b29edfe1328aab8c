# One row per customer and month end that every source has published, from the month of the customer's first valid order on: RFM as of the day after that month end, scored and segmented like rfm_analysis against the customers there were then, and how the segment moved since the month end before.
view: rfm_history {
  sql_table_name: @{DATABASE}.marts.rfm_history ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.customer_key::varchar || '|' || ${TABLE}.month_end::varchar ;;
    description: "One row per customer and month end that every source has published, from the month of the customer's first valid order on: RFM as of the day after that month end, scored and segmented like rfm_analysis against the customers there were then, and how the segment moved since the month end before."
  }

  dimension: customer_key {
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers, never unknown."
  }

  dimension: segment {
    type: string
    sql: ${TABLE}.segment ;;
    description: "The first segment of rfm_segments that the scores match."
  }

  dimension: previous_segment {
    type: string
    sql: ${TABLE}.previous_segment ;;
    description: "Segment at the month end before; null at the customer's first."
  }

  dimension: segment_move {
    type: string
    sql: ${TABLE}.segment_move ;;
    description: "new at the customer's first month end; up to a segment of lower segment_order, down to one of higher, or the same."
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

  dimension_group: history {
    type: time
    timeframes: [raw, date, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.month_end ;;
    description: "Last day of the month; one of dim_dates."
  }

  set: detail {
    fields: [customer_key, history_month, segment, previous_segment, segment_move]
  }

  measure: customer_count {
    type: count
    value_format_name: decimal_0
    description: "One row per customer and month end that every source has published, from the month of the customer's first valid order on: RFM as of the day after that month end, scored and segmented like rfm_analysis against the customers there were then, and how the segment moved since the month end before."
    drill_fields: [detail*]
  }
}
