# One row per known customer, also one who neither visited nor ordered: signed-in sessions and valid orders up to the last published day, and what the customer prefers.
view: customer_behavior {
  sql_table_name: @{DATABASE}.marts.customer_behavior ;;

  dimension: customer_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers, never unknown."
  }

  dimension: customer_type {
    type: string
    sql: ${TABLE}.customer_type ;;
    description: "crm, inferred or guest, as in dim_customers."
  }

  dimension: favourite_device {
    type: string
    sql: ${TABLE}.favourite_device ;;
    description: "Device of most sessions; of equal ones that of the latest session."
  }

  dimension: favourite_category {
    type: string
    sql: ${TABLE}.favourite_category ;;
    description: "Category of most units; of equal ones that of the higher gross revenue, then by name."
  }

  dimension: favourite_subcategory {
    type: string
    sql: ${TABLE}.favourite_subcategory ;;
    description: "Subcategory of most units, in whichever category, chosen likewise."
  }

  dimension: favourite_order_hour {
    type: number
    sql: ${TABLE}.favourite_order_hour ;;
    value_format_name: decimal_0
    description: "Hour of most orders (0 to 23, store time zone); of equal ones that of the latest order."
  }

  dimension: favourite_order_weekday {
    type: number
    sql: ${TABLE}.favourite_order_weekday ;;
    value_format_name: decimal_0
    description: "Weekday of most orders (1 for Monday to 7, store time zone), chosen likewise."
  }

  dimension: days_since_last_activity {
    type: number
    sql: ${TABLE}.days_since_last_activity ;;
    value_format_name: decimal_0
    description: "Calendar days (store time zone) from the last activity to the as-of day."
  }

  dimension: days_between_orders {
    type: number
    sql: ${TABLE}.days_between_orders ;;
    value_format_name: decimal_2
    description: "Mean calendar days from one order to the next; null with fewer than two."
  }

  dimension: seconds_per_session {
    type: number
    sql: ${TABLE}.seconds_per_session ;;
    value_format_name: decimal_2
    description: "Mean seconds from the first to the last event of a session; null without one."
  }

  dimension_group: as_of {
    type: time
    timeframes: [date]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.as_of_date ;;
    description: "The day after the last published one."
  }

  dimension: first_activity_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.first_activity_at ;;
    description: "First order or first event of a session (UTC); null without any."
  }

  dimension: last_activity_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.last_activity_at ;;
    description: "Last order or last event of a session (UTC); null without any."
  }

  set: detail {
    fields: [customer_key, customer_type, favourite_category, order_count, gross_revenue]
  }

  measure: customer_count {
    type: count
    value_format_name: decimal_0
    description: "One row per known customer, also one who neither visited nor ordered: signed-in sessions and valid orders up to the last published day, and what the customer prefers."
    drill_fields: [detail*]
  }

  measure: session_count {
    type: sum
    sql: ${TABLE}.session_count ;;
    value_format_name: decimal_0
    description: "Sessions in which the customer was signed in."
    drill_fields: [detail*]
  }

  measure: converted_session_count {
    type: sum
    sql: ${TABLE}.converted_session_count ;;
    value_format_name: decimal_0
    description: "Those of them that hold a purchase."
    drill_fields: [detail*]
  }

  measure: event_count {
    type: sum
    sql: ${TABLE}.event_count ;;
    value_format_name: decimal_0
    description: "Events of these sessions."
    drill_fields: [detail*]
  }

  measure: page_view_count {
    type: sum
    sql: ${TABLE}.page_view_count ;;
    value_format_name: decimal_0
    description: "Page views of these sessions."
    drill_fields: [detail*]
  }

  measure: order_count {
    type: sum
    sql: ${TABLE}.order_count ;;
    value_format_name: decimal_0
    description: "Valid orders."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    sql: ${TABLE}.unit_count ;;
    value_format_name: decimal_0
    description: "Units sold in them."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Sum of their line amounts before discounts."
    drill_fields: [detail*]
  }

  measure: events_per_session {
    type: number
    sql: ${event_count} / nullif(${session_count}, 0) ;;
    value_format_name: decimal_2
    description: "Events per session; null without one."
  }

  measure: page_views_per_session {
    type: number
    sql: ${page_view_count} / nullif(${session_count}, 0) ;;
    value_format_name: decimal_2
    description: "Page views per session; null without one."
  }

  measure: average_order_value {
    type: number
    sql: ${gross_revenue} / nullif(${order_count}, 0) ;;
    value_format_name: money
    description: "Gross revenue per order; null without one."
  }
}
