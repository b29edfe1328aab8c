-- INFORMATION_SCHEMA.COLUMNS: fakesnow's own view is slower, and leaves DuckDB's name of a type that it does not know.
create or replace view _fs_global._fs_information_schema._fs_columns as
with described as (
    select
        *,
        case
            when starts_with(data_type, 'DECIMAL') then 'NUMBER'
            when regexp_full_match(data_type, 'U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?') then 'NUMBER'
            when data_type in ('VARCHAR', 'UUID', 'INTERVAL', '"NULL"') then 'TEXT'
            when data_type in ('DOUBLE', 'FLOAT') then 'FLOAT'
            when data_type = 'BLOB' then 'BINARY'
            when data_type = 'TIMESTAMP WITH TIME ZONE' then 'TIMESTAMP_TZ'
            when starts_with(data_type, 'TIMESTAMP') then 'TIMESTAMP_NTZ'
            when data_type = 'JSON' then 'VARIANT'
            when ends_with(data_type, ']') then 'ARRAY'
            when starts_with(data_type, 'STRUCT') or starts_with(data_type, 'MAP') then 'OBJECT'
            else data_type
        end as snowflake_type,
        starts_with(data_type, 'DECIMAL') as is_decimal
    from duckdb_columns()
    where schema_name != '_fs_information_schema' and not internal
)

select
    described.database_name as TABLE_CATALOG,
    described.schema_name as TABLE_SCHEMA,
    described.table_name as TABLE_NAME,
    described.column_name as COLUMN_NAME,
    described.column_index as ORDINAL_POSITION,
    described.column_default as COLUMN_DEFAULT,
    case when described.is_nullable then 'YES' else 'NO' end as IS_NULLABLE,
    described.snowflake_type as DATA_TYPE,
    lengths.ext_character_maximum_length as CHARACTER_MAXIMUM_LENGTH,
    lengths.ext_character_octet_length as CHARACTER_OCTET_LENGTH,
    case
        when described.is_decimal then described.numeric_precision
        when described.snowflake_type = 'NUMBER' then 38
    end as NUMERIC_PRECISION,
    case when described.snowflake_type = 'NUMBER' then 10 end as NUMERIC_PRECISION_RADIX,
    case
        when described.is_decimal then described.numeric_scale
        when described.snowflake_type = 'NUMBER' then 0
    end as NUMERIC_SCALE,
    null::varchar as COLLATION_NAME,
    'NO' as IS_IDENTITY,
    null::varchar as IDENTITY_GENERATION,
    null::varchar as IDENTITY_CYCLE,
    described.comment as COMMENT,
    null::varchar as IDENTITY_START,
    null::varchar as IDENTITY_INCREMENT,
    null::varchar as IDENTITY_ORDERED,
    null::varchar as DATA_TYPE_ALIAS
from described
left join _fs_global._fs_information_schema._fs_columns_ext as lengths
    on lengths.ext_table_catalog = described.database_name
    and lengths.ext_table_schema = described.schema_name
    and lengths.ext_table_name = described.table_name
    and lengths.ext_column_name = described.column_name;
