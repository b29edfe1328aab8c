# One row per refund, on the day the money was paid back.
view: fct_refunds {
  sql_table_name: @{DATABASE}.marts.fct_refunds ;;

  dimension: refund_id {
    primary_key: yes
    type: string
    sql: ${TABLE}.refund_id ;;
    description: "Refund id of the order database."
  }

  dimension: order_id {
    type: string
    sql: ${TABLE}.order_id ;;
    description: "The refunded order; null when the shop did not keep it."
  }

  dimension: customer_key {
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer of the order, else of the refund; one of dim_customers."
  }

  dimension: product_key {
    type: string
    sql: ${TABLE}.product_key ;;
    description: "The returned product; one of dim_products, \"unknown\" for a refund of the whole order."
  }

  dimension: reason {
    type: string
    sql: ${TABLE}.reason ;;
    description: "Reason given."
  }

  dimension: is_valid {
    type: yesno
    sql: ${TABLE}.is_valid ;;
    description: "Whether the refund lessens revenue; not if its order was cancelled or a test, for that was never revenue."
  }

  dimension_group: refund {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.refund_day ;;
    description: "Day of the refund (store time zone); one of dim_dates."
  }

  dimension: refunded_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.refunded_at ;;
    description: "When the money was paid back (UTC)."
  }

  dimension: updated_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.updated_at ;;
    description: "When the row last changed in the order database (UTC)."
  }

  dimension: build_number {
    hidden: yes
    type: number
    sql: ${TABLE}.build_number ;;
    description: "The build that last computed the row."
  }

  set: detail {
    fields: [refund_id, refund_date, order_id, reason, refund_amount]
  }

  measure: refund_count {
    type: count
    filters: [is_valid: "yes"]
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.refund_count"]
    description: "Refunds paid on the day."
    drill_fields: [detail*]
  }

  measure: refund_amount {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.refund_amount ;;
    value_format_name: money
    description: "Money paid back (positive)."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.quantity ;;
    value_format_name: decimal_0
    description: "Units returned."
    drill_fields: [detail*]
  }
}
