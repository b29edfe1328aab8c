# One row per day on which carts were opened (store time zone), device and channel of the session they were opened in.
view: cart_abandonment {
  sql_table_name: @{DATABASE}.marts.cart_abandonment ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.cart_day::varchar || '|' || ${TABLE}.device_category::varchar || '|' || ${TABLE}.channel::varchar ;;
    description: "One row per day on which carts were opened (store time zone), device and channel of the session they were opened in."
  }

  dimension: device_category {
    type: string
    sql: ${TABLE}.device_category ;;
    description: "Device of the session in which they were opened; \"unknown\" without one."
  }

  dimension: channel {
    type: string
    sql: ${TABLE}.channel ;;
    description: "Source and medium of that session."
  }

  dimension_group: cart {
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.cart_day ;;
    description: "Day on which the carts were opened (store time zone); one of dim_dates."
  }

  set: detail {
    fields: [cart_date, device_category, channel, cart_count, abandonment_rate]
  }

  measure: cart_count {
    type: sum
    sql: ${TABLE}.cart_count ;;
    value_format_name: decimal_0
    description: "Carts opened."
    drill_fields: [detail*]
  }

  measure: bought_cart_count {
    type: sum
    sql: ${TABLE}.bought_cart_count ;;
    value_format_name: decimal_0
    description: "Carts bought without a pause that would have made them abandoned."
    drill_fields: [detail*]
  }

  measure: abandoned_cart_count {
    type: sum
    sql: ${TABLE}.abandoned_cart_count ;;
    value_format_name: decimal_0
    description: "Carts left for longer than cart_timeout_minutes, those recovered later among them."
    drill_fields: [detail*]
  }

  measure: open_cart_count {
    type: sum
    sql: ${TABLE}.open_cart_count ;;
    value_format_name: decimal_0
    description: "Carts of which it cannot be said yet whether they are abandoned."
    drill_fields: [detail*]
  }

  measure: recovered_cart_count {
    type: sum
    sql: ${TABLE}.recovered_cart_count ;;
    value_format_name: decimal_0
    description: "Abandoned carts whose visitor bought within cart_recovery_days of the abandonment, in whichever session."
    drill_fields: [detail*]
  }

  measure: recovery_pending_cart_count {
    type: sum
    sql: ${TABLE}.recovery_pending_cart_count ;;
    value_format_name: decimal_0
    description: "Abandoned carts whose visitor has not bought yet but still has time to."
    drill_fields: [detail*]
  }

  measure: lost_cart_count {
    type: sum
    sql: ${TABLE}.lost_cart_count ;;
    value_format_name: decimal_0
    description: "Abandoned carts whose visitor did not buy in time."
    drill_fields: [detail*]
  }

  measure: cart_value {
    type: sum
    sql: ${TABLE}.cart_value ;;
    value_format_name: money
    description: "Price × quantity of what was put into the carts, less what was taken out."
    drill_fields: [detail*]
  }

  measure: bought_value {
    type: sum
    sql: ${TABLE}.bought_value ;;
    value_format_name: money
    description: "Value of the bought carts."
    drill_fields: [detail*]
  }

  measure: abandoned_value {
    type: sum
    sql: ${TABLE}.abandoned_value ;;
    value_format_name: money
    description: "Value of the abandoned carts."
    drill_fields: [detail*]
  }

  measure: open_value {
    type: sum
    sql: ${TABLE}.open_value ;;
    value_format_name: money
    description: "Value of the open carts."
    drill_fields: [detail*]
  }

  measure: recovered_value {
    type: sum
    sql: ${TABLE}.recovered_value ;;
    value_format_name: money
    description: "Value of the recovered carts as they were left, not of what was bought in the end."
    drill_fields: [detail*]
  }

  measure: recovery_pending_value {
    type: sum
    sql: ${TABLE}.recovery_pending_value ;;
    value_format_name: money
    description: "Value of the carts whose recovery is pending."
    drill_fields: [detail*]
  }

  measure: lost_value {
    type: sum
    sql: ${TABLE}.lost_value ;;
    value_format_name: money
    description: "Value of the lost carts."
    drill_fields: [detail*]
  }

  measure: abandonment_rate {
    type: number
    sql: ${abandoned_cart_count} / nullif(${cart_count} - ${open_cart_count}, 0) ;;
    value_format_name: percent_2
    description: "Share of the carts that are not open any more that were abandoned; null if all are open."
  }

  measure: recovery_rate {
    type: number
    sql: case when ${recovery_pending_cart_count} = 0 then ${recovered_cart_count} / nullif(${abandoned_cart_count}, 0) end ;;
    value_format_name: percent_2
    description: "Share of the abandoned carts that were recovered; null while one is pending, and without any."
  }
}
