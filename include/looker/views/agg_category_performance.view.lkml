# One row per category, subcategory and month (store time zone, up to the last published day) in which one of its products was viewed, put into a cart, sold or returned.
view: agg_category_performance {
  sql_table_name: @{DATABASE}.marts.agg_category_performance ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.category::varchar || '|' || ${TABLE}.subcategory::varchar || '|' || ${TABLE}.month_start::varchar ;;
    description: "One row per category, subcategory and month (store time zone, up to the last published day) in which one of its products was viewed, put into a cart, sold or returned."
  }

  dimension: category {
    type: string
    sql: ${TABLE}.category ;;
    description: "First level of the catalog tree."
  }

  dimension: subcategory {
    type: string
    sql: ${TABLE}.subcategory ;;
    description: "Second level of the catalog tree."
  }

  dimension: revenue_share {
    type: number
    sql: ${TABLE}.revenue_share ;;
    value_format_name: percent_2
    description: "Share of the month's gross revenue; null if there is none."
  }

  dimension: revenue_share_of_category {
    type: number
    sql: ${TABLE}.revenue_share_of_category ;;
    value_format_name: percent_2
    description: "Share of the category's gross revenue of the month; null if there is none."
  }

  dimension: viewing_session_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.viewing_session_count ;;
    value_format_name: decimal_0
    description: "Sessions that viewed one of the products; a session counts in the month of its first event with one."
  }

  dimension: carting_session_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.carting_session_count ;;
    value_format_name: decimal_0
    description: "Those of them that put one into the cart."
  }

  dimension: buying_session_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.buying_session_count ;;
    value_format_name: decimal_0
    description: "Those of them that bought one."
  }

  dimension: order_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.order_count ;;
    value_format_name: decimal_0
    description: "Valid orders that hold one of the products."
  }

  dimension_group: calendar {
    type: time
    timeframes: [raw, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.month_start ;;
    description: "First day of the month."
  }

  set: detail {
    fields: [calendar_month, category, subcategory, unit_count, gross_revenue, net_revenue]
  }

  measure: view_count {
    type: sum
    sql: ${TABLE}.view_count ;;
    value_format_name: decimal_0
    description: "view_item events that name one of the products."
    drill_fields: [detail*]
  }

  measure: cart_count {
    type: sum
    sql: ${TABLE}.cart_count ;;
    value_format_name: decimal_0
    description: "add_to_cart events that name one of the products."
    drill_fields: [detail*]
  }

  measure: purchase_count {
    type: sum
    sql: ${TABLE}.purchase_count ;;
    value_format_name: decimal_0
    description: "purchase events that name one of the products; what the shop booked stands in the orders."
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
