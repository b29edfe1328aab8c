-- Published batches that read the source after it was asked what it no longer has: they know better.
select count(*) as load_count
from audit.loads
where
    table_name = %(table_name)s
    and extracted_at >= %(asked_at)s
