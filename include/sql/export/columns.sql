-- Columns of a mart in order, as the warehouse types them.
select
    lower(column_name) as column_name,
    data_type,
    numeric_precision,
    numeric_scale

from information_schema.columns

where
    table_schema = 'MARTS'
    and table_name = upper(%(mart)s)

order by ordinal_position
