# One row per order, valid or not, with the money of its lines.
view: fct_orders {
  sql_table_name: @{DATABASE}.marts.fct_orders ;;

  dimension: order_id {
    primary_key: yes
    type: string
    sql: ${TABLE}.order_id ;;
    description: "Order number of the shop."
  }

  dimension: customer_key {
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers, \"unknown\" for a guest without e-mail."
  }

  dimension: status {
    type: string
    sql: ${TABLE}.status ;;
    description: "State of the order."
  }

  dimension: channel {
    type: string
    sql: ${TABLE}.channel ;;
    description: "Where the order was placed."
  }

  dimension: country {
    type: string
    sql: ${TABLE}.country ;;
    description: "Country of delivery."
  }

  dimension: currency {
    type: string
    sql: ${TABLE}.currency ;;
    description: "ISO 4217 code of every amount of the order."
  }

  dimension: customer_class {
    type: string
    sql: ${TABLE}.customer_class ;;
    description: "new, the first valid order ever of a known customer by time, then order number; returning, a later one; unknown, nobody knows whose; not counted, the order is not valid."
  }

  dimension: customer_order_number {
    type: number
    sql: ${TABLE}.customer_order_number ;;
    value_format_name: decimal_0
    description: "1 for the customer's first valid order; null for unknown customers and orders that are not valid."
  }

  dimension: is_valid {
    type: yesno
    sql: ${TABLE}.is_valid ;;
    description: "Whether the order counts, being neither cancelled nor a test."
  }

  dimension_group: order {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.order_day ;;
    description: "Day of the order (store time zone); one of dim_dates."
  }

  dimension_group: ordered {
    type: time
    timeframes: [raw, time, hour_of_day, day_of_week]
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
    fields: [order_id, order_date, status, channel, gross_revenue, discount_amount]
  }

  measure: order_count {
    type: count
    filters: [is_valid: "yes"]
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.order_count"]
    description: "Valid orders."
    drill_fields: [detail*]
  }

  measure: customer_count {
    type: count_distinct
    filters: [is_valid: "yes", customer_key: "-unknown"]
    sql: ${customer_key} ;;
    value_format_name: decimal_0
    tags: ["dbt:agg_daily_kpis.customer_count"]
    description: "Known customers with a valid order on the day, each counted once."
    drill_fields: [detail*]
  }

  measure: item_count {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.item_count ;;
    value_format_name: decimal_0
    description: "Lines of the order."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.unit_count ;;
    value_format_name: decimal_0
    description: "Units sold."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Sum of the line amounts before discounts."
    drill_fields: [detail*]
  }

  measure: discount_amount {
    type: sum
    filters: [is_valid: "yes"]
    sql: ${TABLE}.discount_amount ;;
    value_format_name: money
    description: "Discounts granted on the lines."
    drill_fields: [detail*]
  }

  measure: average_order_value {
    type: number
    sql: ${gross_revenue} / nullif(${order_count}, 0) ;;
    value_format_name: money
    tags: ["dbt:agg_daily_kpis.average_order_value"]
    description: "Gross revenue per valid order; null without orders."
  }
}
