# One row per pair of products bought together often enough (variables min_support, min_count), with the rules both ways.
view: product_affinity {
  sql_table_name: @{DATABASE}.marts.product_affinity ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.product_key_a::varchar || '|' || ${TABLE}.product_key_b::varchar ;;
    description: "One row per pair of products bought together often enough (variables min_support, min_count), with the rules both ways."
  }

  dimension: product_key_a {
    type: string
    sql: ${TABLE}.product_key_a ;;
    description: "The product whose key sorts first; one of dim_products."
  }

  dimension: product_key_b {
    type: string
    sql: ${TABLE}.product_key_b ;;
    description: "The other product; one of dim_products."
  }

  dimension: product_name_a {
    type: string
    sql: ${TABLE}.product_name_a ;;
    description: "Current name of product a."
  }

  dimension: product_name_b {
    type: string
    sql: ${TABLE}.product_name_b ;;
    description: "Current name of product b."
  }

  dimension: pair_count {
    type: number
    sql: ${TABLE}.pair_count ;;
    value_format_name: decimal_0
    description: "Baskets that hold both, n_ab."
  }

  dimension: count_a {
    type: number
    sql: ${TABLE}.count_a ;;
    value_format_name: decimal_0
    description: "Baskets that hold product a, n_a."
  }

  dimension: count_b {
    type: number
    sql: ${TABLE}.count_b ;;
    value_format_name: decimal_0
    description: "Baskets that hold product b, n_b."
  }

  dimension: basket_count {
    type: number
    sql: ${TABLE}.basket_count ;;
    value_format_name: decimal_0
    description: "All baskets, N, those of a single product too."
  }

  dimension: support {
    type: number
    sql: ${TABLE}.support ;;
    value_format_name: percent_2
    description: "Share of the baskets that hold both, n_ab ÷ N."
  }

  dimension: confidence_a_to_b {
    type: number
    sql: ${TABLE}.confidence_a_to_b ;;
    value_format_name: percent_2
    description: "Share of the baskets with a that hold b too."
  }

  dimension: confidence_b_to_a {
    type: number
    sql: ${TABLE}.confidence_b_to_a ;;
    value_format_name: percent_2
    description: "Share of the baskets with b that hold a too."
  }

  dimension: lift {
    type: number
    sql: ${TABLE}.lift ;;
    value_format_name: decimal_2
    description: "How many times more often than by chance, n_ab × N ÷ (n_a × n_b)."
  }

  dimension: leverage {
    type: number
    sql: ${TABLE}.leverage ;;
    value_format_name: decimal_2
    description: "Support less the support by chance."
  }

  dimension: conviction_a_to_b {
    type: number
    sql: ${TABLE}.conviction_a_to_b ;;
    value_format_name: decimal_2
    description: "How many times more often the rule would fail by chance; null when it never fails."
  }

  dimension: conviction_b_to_a {
    type: number
    sql: ${TABLE}.conviction_b_to_a ;;
    value_format_name: decimal_2
    description: "The same for the rule from b to a."
  }

  dimension: zhang_a_to_b {
    type: number
    sql: ${TABLE}.zhang_a_to_b ;;
    value_format_name: decimal_2
    description: "Zhang's metric of the rule, −1 (never together) to 1 (always); null when every basket holds a."
  }

  dimension: zhang_b_to_a {
    type: number
    sql: ${TABLE}.zhang_b_to_a ;;
    value_format_name: decimal_2
    description: "The same for the rule from b to a."
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
    fields: [product_name_a, product_name_b, pair_count, lift]
  }

  measure: rule_count {
    type: count
    value_format_name: decimal_0
    description: "One row per pair of products bought together often enough (variables min_support, min_count), with the rules both ways."
    drill_fields: [detail*]
  }
}
