-- One row a customer who asked to be forgotten: the certificate of the erasure, and the list by which every extract
-- empties what a source brings of them again. It names nobody: customer_key is the CRM id or, of a guest, the keyed
-- hash of the address; email_hashes and order_ids are JSON lists. erased_at is null until nothing was found any more;
-- counts says how much stood where. Times are UTC.
create table if not exists {{ database }}.audit.erasures (
    customer_key varchar not null,
    email_hashes varchar not null,
    order_ids varchar not null,
    requested_at timestamp_ntz not null,
    erased_at timestamp_ntz,
    counts variant,
    dag_id varchar not null,
    run_id varchar not null,
    code_version varchar not null
)
