-- One row an expectation checked on a batch by one try of its gate. The rows of a try share checked_at; of a batch the
-- last one counts.
create table if not exists audit.gate_results (
    batch_id varchar not null,
    table_name varchar not null,
    expectation varchar not null,
    column_name varchar,
    severity varchar not null,
    success boolean not null,
    unexpected_count number(18, 0) not null,
    element_count number(18, 0) not null,
    detail varchar,
    checked_at timestamp_ntz not null
)
