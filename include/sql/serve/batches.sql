-- A page of published batches, the newest first.
select {{ columns }}

from audit.loads

where
    (%(source)s is null or source = %(source)s)
    and (%(table_name)s is null or table_name = %(table_name)s)

order by published_at desc, batch_id asc

limit %(limit)s offset %(offset)s
