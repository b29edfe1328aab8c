-- One row a finished export of a mart: which build it shows, what it holds and how much of it was written anew.
create table if not exists audit.exports (
    export_id varchar not null,
    mart varchar not null,
    export_format varchar not null,
    build_number number(18, 0) not null,
    data_through date,
    run_id varchar not null,
    start_day date,
    end_day date,
    part_count number(18, 0) not null,
    written_part_count number(18, 0) not null,
    row_count number(18, 0) not null,
    written_row_count number(18, 0) not null,
    byte_count number(18, 0) not null,
    is_latest boolean not null,
    manifest_url varchar not null,
    code_version varchar not null,
    exported_at timestamp_ntz not null
)
