-- One row a dashboard query that was run after a build, so that Looker's cache holds its result.
create table if not exists audit.warmed_queries (
    build_number number(18, 0) not null,
    dashboard varchar not null,
    tile varchar not null,
    query_id varchar not null,
    succeeded boolean not null,
    seconds number(18, 3) not null,
    warmed_at timestamp_ntz not null
)
