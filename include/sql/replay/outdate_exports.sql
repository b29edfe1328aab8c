-- Rows of an export that its day no longer holds must not be published.
update {{ candidates }}
set _rank = 2
where
    ({{ day }}, {{ version }}) not in (
        select
            published_day,
            version
        from audit.published_days
        where table_name = %(table_name)s
    )
