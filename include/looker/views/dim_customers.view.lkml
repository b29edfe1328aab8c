# One row per customer and version of what the CRM says of it, without personal data.
view: dim_customers {
  sql_table_name: @{DATABASE}.marts.dim_customers ;;

  dimension: customer_version_key {
    primary_key: yes
    type: string
    sql: ${TABLE}.customer_version_key ;;
    description: "Key of the version."
  }

  dimension: customer_key {
    type: string
    sql: ${TABLE}.customer_key ;;
    description: "The CRM id; for a guest the hash of the e-mail; \"unknown\" for a buyer without either."
  }

  dimension: customer_type {
    type: string
    sql: ${TABLE}.customer_type ;;
    description: "crm, a contact of the CRM; inferred, an id that the CRM did not deliver; guest, known by e-mail only; unknown."
  }

  dimension: country {
    type: string
    sql: ${TABLE}.country ;;
    description: "Country of the mailing address."
  }

  dimension: city {
    type: string
    sql: ${TABLE}.city ;;
    description: "City of the mailing address."
  }

  dimension: is_deleted {
    type: yesno
    sql: ${TABLE}.is_deleted ;;
    description: "Whether the contact was deleted in the CRM."
  }

  dimension: is_current {
    type: yesno
    sql: ${TABLE}.is_current ;;
    description: "Whether this is the customer's newest version."
  }

  dimension: version_number {
    type: number
    sql: ${TABLE}.version_number ;;
    value_format_name: decimal_0
    description: "1 for the first version of the customer."
  }

  dimension_group: created {
    type: time
    timeframes: [raw, date, month, year]
    datatype: timestamp
    sql: ${TABLE}.created_at ;;
    description: "When the contact was created (UTC)."
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
    fields: [customer_key, customer_type, country, city]
  }

  measure: customer_count {
    type: count_distinct
    sql: ${customer_key} ;;
    value_format_name: decimal_0
    tags: ["dbt:dim_customers.customer_key"]
    description: "The CRM id; for a guest the hash of the e-mail; \"unknown\" for a buyer without either."
    drill_fields: [detail*]
  }
}
