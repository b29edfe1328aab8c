-- Say that an open alert is being told (a time), or that nobody could be told (null).
update audit.alerts
set notified_at = %(notified_at)s
where alert_key = %(alert_key)s
    and recovered_at is null
