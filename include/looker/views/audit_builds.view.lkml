# One row per finished build of the marts.
view: audit_builds {
  sql_table_name: @{DATABASE}.audit.builds ;;

  dimension: build_number {
    primary_key: yes
    type: number
    sql: ${TABLE}.build_number ;;
    description: "Number of the build, counted from 1."
  }

  dimension: run_id {
    hidden: yes
    type: string
    sql: ${TABLE}.run_id ;;
    description: "The Airflow run that built."
  }

  dimension_group: started {
    type: time
    timeframes: [raw, time, date]
    datatype: timestamp
    sql: ${TABLE}.started_at ;;
    description: "When the run began (UTC)."
  }

  dimension_group: finished {
    type: time
    timeframes: [raw, time, date]
    datatype: timestamp
    sql: ${TABLE}.finished_at ;;
    description: "When the build was finished (UTC)."
  }

  dimension_group: data_through {
    type: time
    timeframes: [raw, date]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.data_through ;;
    description: "Last day (store time zone) that the build covers."
  }

  set: detail {
    fields: [build_number, finished_time, data_through_date]
  }

  measure: build_count {
    type: count
    value_format_name: decimal_0
    description: "One row per finished build of the marts."
    drill_fields: [detail*]
  }
}
