-- Every alert that is open, the oldest first.
select
    alert_id,
    alert_key,
    kind,
    headline,
    run_id,
    first_seen_at,
    last_seen_at,
    occurrence_count,
    notified_at

from audit.alerts

where recovered_at is null

order by first_seen_at, alert_id
