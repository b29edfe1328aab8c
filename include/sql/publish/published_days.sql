-- Days of a table and the export each was published from.
select
    published_day,
    version

from audit.published_days

where table_name = %(table_name)s
