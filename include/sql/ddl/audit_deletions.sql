-- One row a removal of rows that the source no longer has, in rows and in money. Of the compared span, what was held is
-- what was deleted and what is left; what the quarantine held of the deleted keys is counted apart.
create table if not exists audit.deletions (
    batch_id varchar not null,
    table_name varchar not null,
    dag_id varchar not null,
    run_id varchar not null,
    first_day date not null,
    last_day date not null,
    held_rows number(18, 0) not null,
    deleted_rows number(18, 0) not null,
    left_rows number(18, 0) not null,
    quarantined_rows number(18, 0) not null,
    held_money number(18, 4),
    deleted_money number(18, 4),
    left_money number(18, 4),
    quarantined_money number(18, 4),
    asked_at timestamp_ntz not null,
    code_version varchar not null,
    published_at timestamp_ntz not null
)
