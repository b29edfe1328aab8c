-- Say that an open alert is being told, and of what: who sees it meanwhile stays silent.
update audit.alerts
set
    claimed_at = %(claimed_at)s,
    trouble = %(trouble)s
where alert_key = %(alert_key)s
    and recovered_at is null
