# One row per cohort, the customers whose first valid order was in the same month, and month since then, up to the month of the last published day.
view: cohort_retention {
  sql_table_name: @{DATABASE}.marts.cohort_retention ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.cohort_month::varchar || '|' || ${TABLE}.month_number::varchar ;;
    description: "One row per cohort, the customers whose first valid order was in the same month, and month since then, up to the month of the last published day."
  }

  dimension: month_number {
    type: number
    sql: ${TABLE}.month_number ;;
    value_format_name: decimal_0
    description: "Months since then, from 0."
  }

  dimension: is_complete {
    type: yesno
    sql: ${TABLE}.is_complete ;;
    description: "Whether every source has published the month to its last day."
  }

  dimension_group: cohort {
    type: time
    timeframes: [raw, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.cohort_month ;;
    description: "Month of the first valid order (its first day)."
  }

  dimension_group: activity {
    type: time
    timeframes: [raw, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.activity_month ;;
    description: "The month looked at (its first day)."
  }

  set: detail {
    fields: [cohort_month, month_number, customers, cohort_size, retention_rate]
  }

  measure: customers {
    type: sum
    sql: ${TABLE}.customers ;;
    value_format_name: decimal_0
    description: "Those of them with a valid order in the month; null while it is not over."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Their gross revenue in the month; null while it is not over."
    drill_fields: [detail*]
  }

  measure: cohort_size {
    type: sum
    filters: [is_complete: "yes"]
    sql: ${TABLE}.cohort_size ;;
    value_format_name: decimal_0
    description: "Customers of the cohort."
    drill_fields: [detail*]
  }

  measure: retention_rate {
    type: number
    sql: ${customers} / nullif(${cohort_size}, 0) ;;
    value_format_name: percent_2
    description: "Their share of the cohort; null while the month is not over."
  }
}
