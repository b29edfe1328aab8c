# One row per line of an order, with what its order says of it.
view: fct_order_items {
  sql_table_name: @{DATABASE}.marts.fct_order_items ;;

  dimension: order_item_id {
    primary_key: yes
    type: string
    sql: ${TABLE}.order_item_id ;;
    description: "Line id of the order database."
  }

  dimension: order_id {
    type: string
    sql: ${TABLE}.order_id ;;
    description: "The order; one of fct_orders unless it was quarantined."
  }

  dimension: customer_key {
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer of the order; one of dim_customers."
  }

  dimension: product_key {
    type: string
    sql: ${TABLE}.product_key ;;
    description: "The product sold; one of dim_products."
  }

  dimension: unit_price {
    type: number
    sql: ${TABLE}.unit_price ;;
    value_format_name: money
    description: "Price of one unit before discounts."
  }

  dimension: has_order {
    type: yesno
    sql: ${TABLE}.has_order ;;
    description: "Whether the warehouse holds the order; a line without one is kept but counts nowhere."
  }

  dimension: is_valid {
    type: yesno
    sql: ${TABLE}.is_valid ;;
    description: "Whether the line's order counts, being neither cancelled nor a test nor missing."
  }

  dimension_group: order {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.order_day ;;
    description: "Day of the order (store time zone); one of dim_dates."
  }

  dimension: ordered_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.ordered_at ;;
    description: "When the order was placed (UTC)."
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
    fields: [order_id, order_date, product_key, unit_count, gross_revenue]
  }

  measure: order_count {
    type: count_distinct
    filters: [is_valid: "yes"]
    sql: ${order_id} ;;
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.order_count"]
    description: "Valid orders."
    drill_fields: [detail*]
  }

  measure: item_count {
    type: count
    filters: [is_valid: "yes"]
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.item_count"]
    description: "Lines of valid orders."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.quantity ;;
    value_format_name: decimal_0
    description: "Units sold."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "The line's amount as the shop charged it, before discounts."
    drill_fields: [detail*]
  }

  measure: discount_amount {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.discount_amount ;;
    value_format_name: money
    description: "Discount granted on the line."
    drill_fields: [detail*]
  }
}
