# One row per merchandise product ever sold, up to the last published day, ranked by units and by gross revenue, among all and in its category.
view: mart_best_selling_products {
  sql_table_name: @{DATABASE}.marts.mart_best_selling_products ;;

  dimension: product_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.product_key ;;
    description: "The product; one of dim_products."
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

  dimension: revenue_share {
    type: number
    sql: ${TABLE}.revenue_share ;;
    value_format_name: percent_2
    description: "Share of the gross revenue of all merchandise."
  }

  dimension: quantity_rank {
    type: number
    sql: ${TABLE}.quantity_rank ;;
    value_format_name: decimal_0
    description: "1 for the product sold most."
  }

  dimension: revenue_rank {
    type: number
    sql: ${TABLE}.revenue_rank ;;
    value_format_name: decimal_0
    description: "1 for the product with the highest gross revenue."
  }

  dimension: quantity_rank_in_category {
    type: number
    sql: ${TABLE}.quantity_rank_in_category ;;
    value_format_name: decimal_0
    description: "1 for the product of the category sold most."
  }

  dimension: revenue_rank_in_category {
    type: number
    sql: ${TABLE}.revenue_rank_in_category ;;
    value_format_name: decimal_0
    description: "1 for the product of the category with the highest gross revenue."
  }

  dimension: order_count {
    group_label: "Not additive"
    type: number
    sql: ${TABLE}.order_count ;;
    value_format_name: decimal_0
    description: "Valid orders that hold the product."
  }

  dimension_group: last_sale {
    type: time
    timeframes: [raw, date, month]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.last_sale_day ;;
    description: "Last day with a sale (store time zone)."
  }

  set: detail {
    fields: [revenue_rank, product_name, category, unit_count, gross_revenue]
  }

  measure: unit_count {
    type: sum
    sql: ${TABLE}.unit_count ;;
    value_format_name: decimal_0
    description: "Units sold."
    drill_fields: [detail*]
  }

  measure: gross_revenue {
    type: sum
    sql: ${TABLE}.gross_revenue ;;
    value_format_name: money
    description: "Sum of the line amounts before discounts."
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
