-- Tables of the schemas that landing tables stand in, created before a moment (UTC). Their names say which of them belong
-- to a batch.
select
    lower(tables.table_schema || '.' || tables.table_name) as table_name,
    tables.created::timestamp_ntz as created_at,
    tables.row_count

from information_schema.tables as tables

where
    tables.table_schema in ('RAW', 'PII')
    and tables.table_type = 'BASE TABLE'
    and tables.created::timestamp_ntz < %(before)s::timestamp_ntz

order by created_at, table_name
