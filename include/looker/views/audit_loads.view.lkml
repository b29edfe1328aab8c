# One row per published batch, with its conservation counts.
view: audit_loads {
  sql_table_name: @{DATABASE}.audit.loads ;;

  dimension: batch_id {
    primary_key: yes
    type: string
    sql: ${TABLE}.batch_id ;;
    description: "Id of the batch."
  }

  dimension: source {
    type: string
    sql: ${TABLE}.source ;;
    description: "Source the batch came from."
  }

  dimension: table_name {
    type: string
    sql: ${TABLE}.table_name ;;
    description: "Table the batch was published to."
  }

  dimension: dag_id {
    type: string
    sql: ${TABLE}.dag_id ;;
    description: "DAG that loaded it."
  }

  dimension: run_id {
    hidden: yes
    type: string
    sql: ${TABLE}.run_id ;;
    description: "Run of that DAG."
  }

  dimension: code_version {
    type: string
    sql: ${TABLE}.code_version ;;
    description: "Version of the code that loaded it."
  }

  dimension_group: published {
    type: time
    timeframes: [raw, time, date, hour]
    datatype: timestamp
    sql: ${TABLE}.published_at ;;
    description: "When the batch was published (UTC)."
  }

  dimension_group: window_start {
    type: time
    timeframes: [raw, time, date]
    datatype: timestamp
    sql: ${TABLE}.window_start ;;
    description: "Begin of the loaded span (UTC), included."
  }

  dimension_group: window_end {
    type: time
    timeframes: [raw, time, date]
    datatype: timestamp
    sql: ${TABLE}.window_end ;;
    description: "End of the loaded span (UTC), not included."
  }

  set: detail {
    fields: [batch_id, published_time, source, table_name, inserted_rows, quarantined_rows]
  }

  measure: batch_count {
    type: count
    value_format_name: decimal_0
    description: "One row per published batch, with its conservation counts."
    drill_fields: [detail*]
  }

  measure: extracted_rows {
    type: sum
    sql: ${TABLE}.extracted_rows ;;
    value_format_name: decimal_0
    description: "Rows read from the source."
    drill_fields: [detail*]
  }

  measure: landed_rows {
    type: sum
    sql: ${TABLE}.landed_rows ;;
    value_format_name: decimal_0
    description: "Rows that reached the landing table."
    drill_fields: [detail*]
  }

  measure: inserted_rows {
    type: sum
    sql: ${TABLE}.inserted_rows ;;
    value_format_name: decimal_0
    description: "Rows of keys that were new."
    drill_fields: [detail*]
  }

  measure: updated_rows {
    type: sum
    sql: ${TABLE}.updated_rows ;;
    value_format_name: decimal_0
    description: "Rows that replaced an older version."
    drill_fields: [detail*]
  }

  measure: superseded_rows {
    type: sum
    sql: ${TABLE}.superseded_rows ;;
    value_format_name: decimal_0
    description: "Rows that a newer version already stood for."
    drill_fields: [detail*]
  }

  measure: quarantined_rows {
    type: sum
    sql: ${TABLE}.quarantined_rows ;;
    value_format_name: decimal_0
    description: "Rows kept back by the gate."
    drill_fields: [detail*]
  }

  measure: replaced_rows {
    type: sum
    sql: ${TABLE}.replaced_rows ;;
    value_format_name: decimal_0
    description: "Rows of an older export of the same days that were taken out."
    drill_fields: [detail*]
  }

  measure: extracted_money {
    type: sum
    sql: ${TABLE}.extracted_money ;;
    value_format_name: money
    description: "Money of the rows read."
    drill_fields: [detail*]
  }

  measure: inserted_money {
    type: sum
    sql: ${TABLE}.inserted_money ;;
    value_format_name: money
    description: "Money of the rows inserted."
    drill_fields: [detail*]
  }

  measure: updated_money {
    type: sum
    sql: ${TABLE}.updated_money ;;
    value_format_name: money
    description: "Money of the rows that replaced others."
    drill_fields: [detail*]
  }

  measure: superseded_money {
    type: sum
    sql: ${TABLE}.superseded_money ;;
    value_format_name: money
    description: "Money of the rows not needed."
    drill_fields: [detail*]
  }

  measure: quarantined_money {
    type: sum
    sql: ${TABLE}.quarantined_money ;;
    value_format_name: money
    description: "Money of the rows kept back."
    drill_fields: [detail*]
  }
}
