# One row per known customer with a valid order before the as-of day: what the customer brought, and what to expect of the next 90 and 365 days by BG/NBD (orders) and Gamma-Gamma (money).
view: customer_lifetime_value {
  sql_table_name: @{DATABASE}.marts.customer_lifetime_value ;;

  dimension: customer_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers, never unknown."
  }

  dimension: repeat_purchase_days {
    type: number
    sql: ${TABLE}.repeat_purchase_days ;;
    value_format_name: decimal_0
    description: "Days with a valid order after the first one; x."
  }

  dimension: purchase_span_days {
    type: number
    sql: ${TABLE}.purchase_span_days ;;
    value_format_name: decimal_0
    description: "Days from the first purchase to the last; t_x."
  }

  dimension: observed_days {
    type: number
    sql: ${TABLE}.observed_days ;;
    value_format_name: decimal_0
    description: "Days from the first purchase to the last published day; T."
  }

  dimension: probability_alive_bg_nbd {
    type: number
    sql: ${TABLE}.probability_alive_bg_nbd ;;
    value_format_name: percent_2
    description: "Probability of BG/NBD that the customer still is one; 1 for everybody who bought once."
  }

  dimension: probability_alive_mbg_nbd {
    type: number
    sql: ${TABLE}.probability_alive_mbg_nbd ;;
    value_format_name: percent_2
    description: "Probability of MBG/NBD that the customer still is one; who bought once may have left, too."
  }

  dimension: expected_order_value {
    type: number
    sql: ${TABLE}.expected_order_value ;;
    value_format_name: money
    description: "Gross revenue that Gamma-Gamma expects of a purchase day, p (v + x m) ÷ (p x + q − 1) with the mean m of the x repeat purchase days; null without a fit."
  }

  dimension: prediction_status {
    type: string
    sql: ${TABLE}.prediction_status ;;
    description: "predicted, or why expected orders or expected value are null; not fitted yet means that fit_customer_value has not run on these purchases."
  }

  dimension_group: first_purchase {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.first_purchase_day ;;
    description: "Day of the first valid order."
  }

  dimension_group: last_purchase {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.last_purchase_day ;;
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

  dimension: purchases_fitted_as_of_date {
    hidden: yes
    type: date
    convert_tz: no
    datatype: date
    sql: ${TABLE}.purchases_fitted_as_of_date ;;
    description: "As-of day of the data that BG/NBD was fitted to; older than as_of_date when newer fits failed."
  }

  dimension: spending_fitted_as_of_date {
    hidden: yes
    type: date
    convert_tz: no
    datatype: date
    sql: ${TABLE}.spending_fitted_as_of_date ;;
    description: "As-of day of the data that Gamma-Gamma was fitted to; older than as_of_date when newer fits failed."
  }

  set: detail {
    fields: [customer_key, net_revenue, expected_value_365_days, prediction_status]
  }

  measure: customer_count {
    type: count
    value_format_name: decimal_0
    description: "One row per known customer with a valid order before the as-of day: what the customer brought, and what to expect of the next 90 and 365 days by BG/NBD (orders) and Gamma-Gamma (money)."
    drill_fields: [detail*]
  }

  measure: order_count {
    type: sum
    sql: ${TABLE}.order_count ;;
    value_format_name: decimal_0
    description: "Valid orders."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Gross revenue of the valid orders."
    drill_fields: [detail*]
  }

  measure: discount_amount {
    type: sum
    sql: ${TABLE}.discount_amount ;;
    value_format_name: money
    description: "Discounts granted on them."
    drill_fields: [detail*]
  }

  measure: refund_amount {
    type: sum
    sql: ${TABLE}.refund_amount ;;
    value_format_name: money
    description: "Money paid back to the customer before the as-of day."
    drill_fields: [detail*]
  }

  measure: net_revenue {
    type: sum
    sql: ${TABLE}.net_revenue ;;
    value_format_name: money
    description: "Gross revenue less discounts and refunds; the historic value."
    drill_fields: [detail*]
  }

  measure: expected_orders_90_days {
    type: sum
    sql: ${TABLE}.expected_orders_90_days ;;
    value_format_name: decimal_2
    description: "Purchase days that BG/NBD expects in the next 90 days; null without a fit."
    drill_fields: [detail*]
  }

  measure: expected_orders_365_days {
    type: sum
    sql: ${TABLE}.expected_orders_365_days ;;
    value_format_name: decimal_2
    description: "Purchase days that BG/NBD expects in the next 365 days; null without a fit."
    drill_fields: [detail*]
  }

  measure: expected_value_90_days {
    type: sum
    sql: ${TABLE}.expected_value_90_days ;;
    value_format_name: money
    description: "Expected orders of 90 days × expected order value."
    drill_fields: [detail*]
  }

  measure: expected_value_365_days {
    type: sum
    sql: ${TABLE}.expected_value_365_days ;;
    value_format_name: money
    description: "Expected orders of 365 days × expected order value; the predicted value."
    drill_fields: [detail*]
  }
}
