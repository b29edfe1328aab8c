-- Remember from which export each day was published.
merge into audit.published_days as published
using {{ days }} as batch_days
    on
        published.table_name = %(table_name)s
        and published.published_day = batch_days.published_day
when matched and batch_days.version > published.version
    then update set
        version = batch_days.version,
        batch_id = %(batch_id)s,
        published_at = %(published_at)s
when not matched
    then insert (
        table_name,
        published_day,
        version,
        batch_id,
        published_at
    ) values (
        %(table_name)s,
        batch_days.published_day,
        batch_days.version,
        %(batch_id)s,
        %(published_at)s
    )
