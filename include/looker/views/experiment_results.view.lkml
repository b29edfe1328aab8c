# One row per experiment and variant: what its visitors did, and the comparison with the control.
view: experiment_results {
  sql_table_name: @{DATABASE}.marts.experiment_results ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.experiment_id::varchar || '|' || ${TABLE}.experiment_variant::varchar ;;
    description: "One row per experiment and variant: what its visitors did, and the comparison with the control."
  }

  dimension: experiment_id {
    type: string
    sql: ${TABLE}.experiment_id ;;
    description: "The experiment."
  }

  dimension: experiment_variant {
    type: string
    sql: ${TABLE}.experiment_variant ;;
    description: "The variant that the visitors saw."
  }

  dimension: is_control {
    type: yesno
    sql: ${TABLE}.is_control ;;
    description: "Whether the others are compared with this variant."
  }

  dimension: verdict {
    type: string
    sql: ${TABLE}.verdict ;;
    description: "What the test of the conversion rate says at 5 %, or why there is no verdict; control for the control; not evaluated yet when evaluate_experiments has not run as of this day. Too few units: fewer than 5 conversions, or non-conversions, in an arm."
  }

  dimension: has_sample_ratio_mismatch {
    type: yesno
    sql: ${TABLE}.has_sample_ratio_mismatch ;;
    description: "Whether the split is too far from equal to be chance (p < 0.001)."
  }

  dimension: split_chi_square {
    group_label: "Split"
    type: number
    sql: ${TABLE}.split_chi_square ;;
    value_format_name: decimal_2
    description: "Pearson's chi-square of the arms' assigned visitors against an equal split."
  }

  dimension: split_p_value {
    group_label: "Split"
    type: number
    sql: ${TABLE}.split_p_value ;;
    value_format_name: decimal_4
    description: "Its p-value."
  }

  dimension: conversion_difference {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_difference ;;
    value_format_name: percent_2
    description: "Conversion rate less that of the control."
  }

  dimension: conversion_difference_low {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_difference_low ;;
    value_format_name: percent_2
    description: "Lower end of its 95 % interval (Wald)."
  }

  dimension: conversion_difference_high {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_difference_high ;;
    value_format_name: percent_2
    description: "Upper end of it."
  }

  dimension: conversion_z {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_z ;;
    value_format_name: decimal_2
    description: "Pooled z of the difference."
  }

  dimension: conversion_p_value {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_p_value ;;
    value_format_name: decimal_4
    description: "Its two-sided p-value."
  }

  dimension: conversion_lift {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_lift ;;
    value_format_name: percent_2
    description: "Conversion rate ÷ that of the control − 1."
  }

  dimension: conversion_lift_low {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_lift_low ;;
    value_format_name: percent_2
    description: "Lower end of its 95 % interval (log of the ratio)."
  }

  dimension: conversion_lift_high {
    group_label: "Conversion"
    type: number
    sql: ${TABLE}.conversion_lift_high ;;
    value_format_name: percent_2
    description: "Upper end of it."
  }

  dimension: revenue_difference {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_difference ;;
    value_format_name: money
    description: "Revenue per unit less that of the control."
  }

  dimension: revenue_difference_low {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_difference_low ;;
    value_format_name: money
    description: "Lower end of its 95 % interval (Welch)."
  }

  dimension: revenue_difference_high {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_difference_high ;;
    value_format_name: money
    description: "Upper end of it."
  }

  dimension: revenue_t {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_t ;;
    value_format_name: decimal_2
    description: "Welch's t of the difference."
  }

  dimension: revenue_degrees_of_freedom {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_degrees_of_freedom ;;
    value_format_name: decimal_2
    description: "Its degrees of freedom."
  }

  dimension: revenue_p_value {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_p_value ;;
    value_format_name: decimal_4
    description: "Its two-sided p-value."
  }

  dimension: revenue_lift {
    group_label: "Revenue"
    type: number
    sql: ${TABLE}.revenue_lift ;;
    value_format_name: percent_2
    description: "Revenue per unit ÷ that of the control − 1."
  }

  dimension_group: first_exposed {
    type: time
    timeframes: [raw, date]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.first_exposed_day ;;
    description: "Day of the first exposure."
  }

  dimension_group: last_exposed {
    type: time
    timeframes: [raw, date]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.last_exposed_day ;;
    description: "Day of the last first exposure."
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
    fields: [experiment_id, experiment_variant, unit_count, conversion_rate, verdict]
  }

  measure: assigned_count {
    type: sum
    sql: ${TABLE}.assigned_count ;;
    value_format_name: decimal_0
    description: "Visitors who saw this variant and no other."
    drill_fields: [detail*]
  }

  measure: crossover_count {
    type: sum
    sql: ${TABLE}.crossover_count ;;
    value_format_name: decimal_0
    description: "Visitors who saw this variant first and then another one; left out of the other counts."
    drill_fields: [detail*]
  }

  measure: immature_count {
    type: sum
    sql: ${TABLE}.immature_count ;;
    value_format_name: decimal_0
    description: "Assigned visitors whose window is not over yet; left out of rates and revenue."
    drill_fields: [detail*]
  }

  measure: unit_count {
    type: sum
    sql: ${TABLE}.unit_count ;;
    value_format_name: decimal_0
    description: "Assigned visitors whose window is over."
    drill_fields: [detail*]
  }

  measure: conversion_count {
    type: sum
    sql: ${TABLE}.conversion_count ;;
    value_format_name: decimal_0
    description: "Those of them who bought within the window."
    drill_fields: [detail*]
  }

  measure: purchase_revenue {
    type: sum
    sql: ${TABLE}.purchase_revenue ;;
    value_format_name: money
    description: "What they spent within the window, as Google Analytics saw it."
    drill_fields: [detail*]
  }

  measure: conversion_rate {
    type: number
    sql: ${conversion_count} / nullif(${unit_count}, 0) ;;
    value_format_name: percent_2
    description: "Their share of the units."
  }

  measure: revenue_per_unit {
    type: number
    sql: ${purchase_revenue} / nullif(${unit_count}, 0) ;;
    value_format_name: money
    description: "Purchase revenue ÷ units."
  }
}
