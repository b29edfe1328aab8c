# One row per known customer with a valid order before the as-of day: how likely the customer has left, and why we think so.
view: churn_risk {
  sql_table_name: @{DATABASE}.marts.churn_risk ;;

  dimension: customer_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The customer; one of dim_customers, never unknown."
  }

  dimension: risk_class {
    type: string
    sql: ${TABLE}.risk_class ;;
    description: "low, medium, high, or unknown for want of a model and of purchases."
  }

  dimension: reasons {
    type: string
    sql: ${TABLE}.reasons ;;
    description: "What speaks for the class, in words."
  }

  dimension: probability_alive {
    type: number
    sql: ${TABLE}.probability_alive ;;
    value_format_name: percent_2
    description: "Probability of MBG/NBD that the customer still is one; null without a fit."
  }

  dimension: recency_days {
    type: number
    sql: ${TABLE}.recency_days ;;
    value_format_name: decimal_0
    description: "Calendar days from the last valid order's day to the as-of day."
  }

  dimension: mean_gap_days {
    type: number
    sql: ${TABLE}.mean_gap_days ;;
    value_format_name: decimal_2
    description: "Days between two purchase days on average; null after one."
  }

  dimension: longest_gap_days {
    type: number
    sql: ${TABLE}.longest_gap_days ;;
    value_format_name: decimal_0
    description: "Most days between two purchase days; null after one."
  }

  dimension: is_overdue {
    type: yesno
    sql: ${TABLE}.is_overdue ;;
    description: "Whether the customer bought on three days or more and is silent for longer than between any two of them."
  }

  dimension: repeat_purchase_days {
    type: number
    sql: ${TABLE}.repeat_purchase_days ;;
    value_format_name: decimal_0
    description: "Days with a valid order after the first one."
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

  set: detail {
    fields: [customer_key, risk_class, reasons, gross_revenue, expected_value_365_days]
  }

  measure: customer_count {
    type: count
    value_format_name: decimal_0
    description: "One row per known customer with a valid order before the as-of day: how likely the customer has left, and why we think so."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Gross revenue of the valid orders."
    drill_fields: [detail*]
  }

  measure: expected_value_365_days {
    type: sum
    sql: ${TABLE}.expected_value_365_days ;;
    value_format_name: money
    description: "What customer_lifetime_value expects of the next 365 days, at stake if the customer left."
    drill_fields: [detail*]
  }
}
