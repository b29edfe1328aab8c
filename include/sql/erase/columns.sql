-- Columns of every table there is: in which of them rows of customers stand with personal data, their names say. Copies
-- that somebody has made count, too.
select
    listed.table_schema,
    listed.table_name,
    lower(listed.column_name) as column_name

from information_schema.columns as listed
inner join information_schema.tables as kinds
    on
        listed.table_schema = kinds.table_schema
        and listed.table_name = kinds.table_name

where
    kinds.table_type = 'BASE TABLE'
    and listed.table_schema != 'INFORMATION_SCHEMA'

order by listed.table_schema, listed.table_name, column_name
