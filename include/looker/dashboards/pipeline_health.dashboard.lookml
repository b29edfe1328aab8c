- dashboard: pipeline_health
  title: Pipeline health
  description: How far the data is, what was published and what was kept back.
  layout: newspaper
  filters:
  - name: Days
    title: Days
    type: date_filter
    default_value: 7 days
    allow_multiple_values: true
    required: false
  elements:
  - name: data_through
    title: Data through
    type: single_value
    model: analytics
    explore: audit_builds
    fields: [audit_builds.data_through_date, audit_builds.build_number, audit_builds.finished_time]
    sorts: [audit_builds.build_number desc]
    limit: 1
    row: 0
    col: 0
    width: 8
    height: 4
  - name: rows_by_table
    title: Rows published and kept back
    type: looker_grid
    model: analytics
    explore: audit_loads
    fields: [audit_loads.table_name, audit_loads.batch_count, audit_loads.extracted_rows, audit_loads.inserted_rows, audit_loads.updated_rows,
      audit_loads.superseded_rows, audit_loads.quarantined_rows, audit_loads.quarantined_money]
    sorts: [audit_loads.table_name]
    limit: 50
    listen:
      Days: audit_loads.published_date
    row: 0
    col: 8
    width: 16
    height: 8
  - name: kept_back_by_day
    title: Rows kept back by day
    type: looker_column
    model: analytics
    explore: audit_loads
    fields: [audit_loads.published_date, audit_loads.table_name, audit_loads.quarantined_rows]
    pivots: [audit_loads.table_name]
    sorts: [audit_loads.published_date, audit_loads.table_name]
    limit: 500
    listen:
      Days: audit_loads.published_date
    row: 8
    col: 0
    width: 24
    height: 8
