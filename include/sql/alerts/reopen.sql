-- Open an alert again whose end no channel took.
update audit.alerts
set
    recovered_at = null,
    recovered_by = null
where alert_id = %(alert_id)s
