-- What is open under a key: one row, or one more for each writer that did not see the other.
select
    first_seen_at,
    occurrence_count,
    claimed_at,
    notified_at,
    trouble

from audit.alerts

where alert_key = %(alert_key)s
    and recovered_at is null
