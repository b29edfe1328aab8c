-- Say that a channel has taken the message of an open alert.
update audit.alerts
set notified_at = %(notified_at)s
where alert_key = %(alert_key)s
    and recovered_at is null
