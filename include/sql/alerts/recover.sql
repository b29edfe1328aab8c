-- Close an alert that is still open, in the name of the task that saw its end.
update audit.alerts
set
    recovered_at = %(now)s,
    recovered_by = %(recovered_by)s
where alert_id = %(alert_id)s
    and recovered_at is null
