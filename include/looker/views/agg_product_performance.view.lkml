# One row per product and month (store time zone, up to the last published day) in which it was viewed, put into a cart, sold or returned.
view: agg_product_performance {
  sql_table_name: @{DATABASE}.marts.agg_product_performance ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.product_key::varchar || '|' || ${TABLE}.month_start::varchar ;;
    description: "One row per product and month (store time zone, up to the last published day) in which it was viewed, put into a cart, sold or returned."
  }

  dimension: product_key {
    type: string
    sql: ${TABLE}.product_key ;;
    description: "The product; one of dim_products, \"unknown\" where none is known."
  }

  dimension: product_name {
    type: string
    sql: ${TABLE}.product_name ;;
    description: "Current name."
  }

  dimension: category {
    type: string
    sql: ${TABLE}.category ;;
    description: "Current category; \"unknown\" without one."
  }

  dimension: subcategory {
    type: string
    sql: ${TABLE}.subcategory ;;
    description: "Current subcategory; \"unknown\" without one."
  }

  dimension: sale_day_count {
    type: number
    sql: ${TABLE}.sale_day_count ;;
    value_format_name: decimal_0
    description: "Days of the month with a sale."
  }

  dimension: days_since_last_sale {
    type: number
    sql: ${TABLE}.days_since_last_sale ;;
    value_format_name: decimal_0
    description: "Days from then to the end of the month, or to the last published day if that is earlier."
  }

  dimension: day_count_without_sale {
    type: number
    sql: ${TABLE}.day_count_without_sale ;;
    value_format_name: decimal_0
    description: "Published days of the month without a sale; null up to the month of the first sale."
  }

  dimension: viewing_session_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.viewing_session_count ;;
    value_format_name: decimal_0
    description: "Sessions that viewed the product; a session counts in the month of its first event with it."
  }

  dimension: carting_session_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.carting_session_count ;;
    value_format_name: decimal_0
    description: "Those of them that put it into the cart."
  }

  dimension: buying_session_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.buying_session_count ;;
    value_format_name: decimal_0
    description: "Those of them that bought it."
  }

  dimension: order_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.order_count ;;
    value_format_name: decimal_0
    description: "Valid orders that hold the product."
  }

  dimension_group: calendar {
    type: time
    timeframes: [raw, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.month_start ;;
    description: "First day of the month."
  }

  dimension_group: last_sale {
    type: time
    timeframes: [raw, date, month]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.last_sale_day ;;
    description: "Last day with a sale up to the end of the month; null before the first."
  }

  set: detail {
    fields: [calendar_month, product_name, category, unit_count, gross_revenue, net_revenue]
  }

  measure: view_count {
    type: sum
    sql: ${TABLE}.view_count ;;
    value_format_name: decimal_0
    description: "view_item events that name the product."
    drill_fields: [detail*]
  }

  measure: cart_count {
    type: sum
    sql: ${TABLE}.cart_count ;;
    value_format_name: decimal_0
    description: "add_to_cart events that name the product."
    drill_fields: [detail*]
  }

  measure: purchase_count {
    type: sum
    sql: ${TABLE}.purchase_count ;;
    value_format_name: decimal_0
    description: "purchase events that name the product; what the shop booked stands in the orders."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    sql: ${TABLE}.unit_count ;;
    value_format_name: decimal_0
    description: "Units sold in valid orders."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Sum of the line amounts before discounts."
    drill_fields: [detail*]
  }

  measure: discount_amount {
    type: sum
    sql: ${TABLE}.discount_amount ;;
    value_format_name: money
    description: "Discounts granted on them."
    drill_fields: [detail*]
  }

  measure: refund_count {
    type: sum
    sql: ${TABLE}.refund_count ;;
    value_format_name: decimal_0
    description: "Refunds paid in the month, whenever the order was."
    drill_fields: [detail*]
  }

  measure: refund_amount {
    type: sum
    sql: ${TABLE}.refund_amount ;;
    value_format_name: money
    description: "Money paid back in the month."
    drill_fields: [detail*]
  }

  measure: net_revenue {
    type: sum
    sql: ${TABLE}.net_revenue ;;
    value_format_name: money
    description: "Gross revenue less discounts less refunds."
    drill_fields: [detail*]
  }
}
