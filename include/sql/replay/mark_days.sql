-- The days that a replay has added to now hold its rows, too: the next build looks at them again.
update audit.published_days
set
    batch_id = %(batch_id)s,
    published_at = %(published_at)s
where
    table_name = %(table_name)s
    and (published_day, version) in (
        select
            {{ day }},
            {{ version }}
        from {{ target }}
        where _batch_id = %(batch_id)s
    )
