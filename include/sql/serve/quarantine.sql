-- Rows kept back, by table, reason and batch; the newest first. The view hides the rows themselves.
select {{ columns }}

from audit.quarantine_summary

where
    (%(table_name)s is null or table_name = %(table_name)s)
    and (%(reason)s is null or reason = %(reason)s)

order by last_quarantined_at desc, table_name asc, reason asc, batch_id asc

limit %(limit)s offset %(offset)s
