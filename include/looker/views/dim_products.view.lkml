# One row per product and version of what the catalog says of it.
view: dim_products {
  sql_table_name: @{DATABASE}.marts.dim_products ;;

  dimension: product_version_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.product_version_key ;;
    description: "Key of the version."
  }

  dimension: product_key {
    type: string
    sql: ${TABLE}.product_key ;;
    description: "Product id of the catalog; \"unknown\" where a refund names no product."
  }

  dimension: product_source {
    type: string
    sql: ${TABLE}.product_source ;;
    description: "catalog; inferred, sold or returned but not in the catalog; unknown."
  }

  dimension: name {
    type: string
    sql: ${TABLE}.name ;;
    description: "Name shown in the shop."
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

  dimension: brand {
    type: string
    sql: ${TABLE}.brand ;;
    description: "Brand."
  }

  dimension: list_price {
    type: number
    sql: ${TABLE}.list_price ;;
    value_format_name: money
    description: "Price in the catalog."
  }

  dimension: is_merchandise {
    type: yesno
    sql: ${TABLE}.is_merchandise ;;
    description: "False for postage, fees, vouchers and corrections; true where only order lines know the product."
  }

  dimension: is_active {
    type: yesno
    sql: ${TABLE}.is_active ;;
    description: "Whether the product can be bought."
  }

  dimension: is_current {
    type: yesno
    sql: ${TABLE}.is_current ;;
    description: "Whether this is the product's newest version."
  }

  dimension: version_number {
    type: number
    sql: ${TABLE}.version_number ;;
    value_format_name: decimal_0
    description: "1 for the first version of the product."
  }

  dimension: created_at {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.created_at ;;
    description: "When the product was created (UTC)."
  }

  dimension: valid_from {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.valid_from ;;
    description: "When the version began (UTC), included; 1900-01-01 for the first, so that every fact finds a version."
  }

  dimension: valid_to {
    hidden: yes
    type: date_time
    datatype: timestamp
    sql: ${TABLE}.valid_to ;;
    description: "When the next version began (UTC), not included; null for the current one."
  }

  set: detail {
    fields: [product_key, name, category, brand]
  }

  measure: product_count {
    type: count_distinct
    sql: ${product_key} ;;
    value_format_name: decimal_0
    tags: ["dbt:dim_products.product_key"]
    description: "Product id of the catalog; \"unknown\" where a refund names no product."
    drill_fields: [detail*]
  }
}
