-- Up to which moment (UTC) each table has been published.
select
    table_name,
    max(window_end) as published_through

from audit.loads

group by table_name
