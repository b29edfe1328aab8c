-- Keep what is left of an open alert's trouble.
update audit.alerts
set trouble = %(trouble)s
where alert_key = %(alert_key)s
    and recovered_at is null
