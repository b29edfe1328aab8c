-- One row a batch that a finished build of the marts has taken in.
create table if not exists audit.built_batches (
    batch_id varchar not null,
    build_number number(18, 0) not null,
    built_at timestamp_ntz not null
)
