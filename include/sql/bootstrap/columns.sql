-- Every column of the tables and views that stand in the pipeline's schemas.
select
    lower(described.table_schema) || '.' || lower(described.table_name) as table_name,
    lower(described.column_name) as column_name

from information_schema.columns as described

where described.table_schema in ('STAGING', 'QUARANTINE', 'PII', 'ANALYTICS', 'AUDIT')

order by
    table_name,
    described.ordinal_position
