# One row per product and product recommended beside it, at most recommendations_per_product (10) a product: its pairs of product_affinity with a lift above 1, ranked by lift, then confidence, then number of baskets, then key.
view: product_recommendations {
  sql_table_name: @{DATABASE}.marts.product_recommendations ;;

  dimension: primary_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.product_key::varchar || '|' || ${TABLE}.recommended_product_key::varchar ;;
    description: "One row per product and product recommended beside it, at most recommendations_per_product (10) a product: its pairs of product_affinity with a lift above 1, ranked by lift, then confidence, then number of baskets, then key."
  }

  dimension: product_key {
    type: string
    sql: ${TABLE}.product_key ;;
    description: "The product looked at; one of dim_products."
  }

  dimension: recommended_product_key {
    type: string
    sql: ${TABLE}.recommended_product_key ;;
    description: "The product recommended; one of dim_products."
  }

  dimension: recommendation_rank {
    type: number
    sql: ${TABLE}.recommendation_rank ;;
    value_format_name: decimal_0
    description: "1 for the best recommendation."
  }

  dimension: product_name {
    type: string
    sql: ${TABLE}.product_name ;;
    description: "Current name of the product."
  }

  dimension: recommended_product_name {
    type: string
    sql: ${TABLE}.recommended_product_name ;;
    description: "Current name of the recommended product."
  }

  dimension: pair_count {
    type: number
    sql: ${TABLE}.pair_count ;;
    value_format_name: decimal_0
    description: "Baskets that hold both."
  }

  dimension: product_count {
    type: number
    sql: ${TABLE}.product_count ;;
    value_format_name: decimal_0
    description: "Baskets that hold the product."
  }

  dimension: support {
    type: number
    sql: ${TABLE}.support ;;
    value_format_name: percent_2
    description: "Share of all baskets that hold both."
  }

  dimension: confidence {
    type: number
    sql: ${TABLE}.confidence ;;
    value_format_name: percent_2
    description: "Share of the baskets with the product that hold the recommended one too."
  }

  dimension: lift {
    type: number
    sql: ${TABLE}.lift ;;
    value_format_name: decimal_2
    description: "How many times more often they are together than by chance."
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
    fields: [product_name, recommendation_rank, recommended_product_name, lift]
  }

  measure: recommendation_count {
    type: count
    value_format_name: decimal_0
    description: "One row per product and product recommended beside it, at most recommendations_per_product (10) a product: its pairs of product_affinity with a lift above 1, ranked by lift, then confidence, then number of baskets, then key."
    drill_fields: [detail*]
  }
}
