-- Clear the days of which this batch holds a newer export.
delete from {{ target }}
where
    {{ day }} in (
        select batch_days.published_day

        from {{ days }} as batch_days
        left join audit.published_days as published
            on
                published.table_name = %(table_name)s
                and batch_days.published_day = published.published_day

        where published.version is null or published.version < batch_days.version
    )
