-- One row a replay that let rows out of quarantine: what it took and what became of it, in rows and in money.
-- Apart from audit.loads: a replay reads no source and covers no window, so sums over loads stay those of the sources.
create table if not exists audit.replays (
    batch_id varchar not null,
    table_name varchar not null,
    dag_id varchar not null,
    run_id varchar not null,
    chosen_reason varchar,
    chosen_batch varchar,
    taken_rows number(18, 0) not null,
    inserted_rows number(18, 0) not null,
    updated_rows number(18, 0) not null,
    superseded_rows number(18, 0) not null,
    kept_rows number(18, 0) not null,
    taken_money number(18, 4),
    inserted_money number(18, 4),
    updated_money number(18, 4),
    superseded_money number(18, 4),
    kept_money number(18, 4),
    code_version varchar not null,
    published_at timestamp_ntz not null
)
