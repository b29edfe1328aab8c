-- Every column of the tables and views that stand in the pipeline's schemas.
select
    lower(columns.table_schema) || '.' || lower(columns.table_name) as table_name,
    lower(columns.column_name) as column_name

from information_schema.columns as columns

where columns.table_schema in ('STAGING', 'QUARANTINE', 'PII', 'ANALYTICS', 'AUDIT')

order by
    table_name,
    columns.ordinal_position
