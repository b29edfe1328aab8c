-- One row a table that maintain_warehouse has dropped, or an export of which it has removed files (table_name is its
-- folder, batch_id the export's id, created_at when the newest file was written), written before. Times are UTC.
create table if not exists audit.maintenance (
    table_name varchar not null,
    batch_id varchar not null,
    created_at timestamp_ntz not null,
    row_count number(18, 0),
    reason varchar not null,
    dag_id varchar not null,
    run_id varchar not null,
    dropped_at timestamp_ntz not null
)
