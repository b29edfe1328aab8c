-- The alerts that one task has closed.
select alert_id

from audit.alerts

where recovered_by = %(recovered_by)s
