-- Tables of the schemas that landing tables stand in, created before a moment (UTC). Which of them belong to a batch,
-- their names say.
select
    lower(listed.table_schema || '.' || listed.table_name) as table_name,
    listed.created::timestamp_ntz as created_at,
    listed.row_count

from information_schema.tables as listed

where
    listed.table_schema in ('RAW', 'PII')
    and listed.table_type = 'BASE TABLE'
    and listed.created::timestamp_ntz < %(before)s::timestamp_ntz

order by created_at, table_name
