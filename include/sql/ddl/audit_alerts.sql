-- One row an alert, from when it was first seen until it was over; repeats are counted. Times are UTC.
-- claimed_at says when a process began to tell it, notified_at when a channel had taken the message. trouble is a JSON
-- list of what is wrong that on-call was told of: names of rules, days.
create table if not exists audit.alerts (
    alert_id varchar not null,
    alert_key varchar not null,
    kind varchar not null,
    alert_subject varchar not null,
    severity varchar not null,
    headline varchar not null,
    place varchar,
    first_run_id varchar,
    run_id varchar,
    first_seen_at timestamp_ntz not null,
    last_seen_at timestamp_ntz not null,
    occurrence_count number(18, 0) not null,
    notified_at timestamp_ntz,
    recovered_at timestamp_ntz,
    recovered_by varchar,
    claimed_at timestamp_ntz,
    trouble varchar
)
