-- Rows kept back, by table, reason and batch; the newest first. The view hides the rows themselves.
-- A page begins after a row, not after a number of rows: rows come and go.
select {{ columns }}

from audit.quarantine_summary

where
    (%(table_name)s is null or table_name = %(table_name)s)
    and (%(reason)s is null or reason = %(reason)s)
    and (
        %(after_last_quarantined_at)s is null
        or last_quarantined_at < %(after_last_quarantined_at)s::timestamp_ntz
        or (
            last_quarantined_at = %(after_last_quarantined_at)s::timestamp_ntz
            and (
                table_name > %(after_table_name)s
                or (table_name = %(after_table_name)s and reason > %(after_reason)s)
                or (
                    table_name = %(after_table_name)s
                    and reason = %(after_reason)s
                    and batch_id > %(after_batch_id)s
                )
            )
        )
    )

order by last_quarantined_at desc, table_name asc, reason asc, batch_id asc

limit %(limit)s
