-- The export from which each day of a table that is replaced by the day was last published.
create table if not exists audit.published_days (
    table_name varchar not null,
    published_day date not null,
    version timestamp_ntz not null,
    batch_id varchar not null,
    published_at timestamp_ntz not null
)
