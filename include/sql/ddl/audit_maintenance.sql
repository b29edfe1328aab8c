-- One row a table that maintain_warehouse has dropped, written before the drop. Times are UTC.
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
