-- One row a published batch: what was extracted and what became of it, in rows and in money. extracted_at is when the
-- source was read, by its own clock (UTC), where that matters.
create table if not exists audit.loads (
    batch_id varchar not null,
    source varchar not null,
    table_name varchar not null,
    dag_id varchar not null,
    run_id varchar not null,
    window_start timestamp_ntz not null,
    window_end timestamp_ntz not null,
    extracted_rows number(18, 0) not null,
    landed_rows number(18, 0) not null,
    inserted_rows number(18, 0) not null,
    updated_rows number(18, 0) not null,
    superseded_rows number(18, 0) not null,
    quarantined_rows number(18, 0) not null,
    replaced_rows number(18, 0) not null,
    extracted_money number(18, 4),
    inserted_money number(18, 4),
    updated_money number(18, 4),
    superseded_money number(18, 4),
    quarantined_money number(18, 4),
    code_version varchar not null,
    published_at timestamp_ntz not null,
    extracted_at timestamp_ntz
)
