-- One row a finished build of the marts, numbered, and the last day it covers.
create table if not exists audit.builds (
    build_number number(18, 0) not null,
    run_id varchar not null,
    data_through date,
    started_at timestamp_ntz,
    finished_at timestamp_ntz not null
)
