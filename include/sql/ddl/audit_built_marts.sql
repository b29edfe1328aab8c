-- One row a mart that a finished build has changed, or may have: Looker drops the results computed from it.
create table if not exists audit.built_marts (
    build_number number(18, 0) not null,
    mart varchar not null,
    reason varchar not null,
    code_version varchar not null,
    built_at timestamp_ntz not null
)
