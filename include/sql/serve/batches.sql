-- A page of published batches, the newest first.
-- A page begins after a row, not after a number of rows: rows come and go.
select {{ columns }}

from audit.loads

where
    (%(source)s is null or source = %(source)s)
    and (%(table_name)s is null or table_name = %(table_name)s)
    and (
        %(after_published_at)s is null
        or published_at < %(after_published_at)s::timestamp_ntz
        or (
            published_at = %(after_published_at)s::timestamp_ntz
            and (
                batch_id > %(after_batch_id)s
                or (batch_id = %(after_batch_id)s and table_name > %(after_table_name)s)
            )
        )
    )

order by published_at desc, batch_id asc, table_name asc

limit %(limit)s
