-- Snowflake functions that DuckDB lacks, or whose result has another type there. None is overloaded by type: DuckDB
-- cannot tell the overloads apart where the argument is a window function.

create or replace macro sf_timestamp(value) as cast(value as timestamp);

create or replace macro sf_try_timestamp(value) as try_cast(value as timestamp);

-- Text of any value: a VARIANT that holds text loses its quotes, a timestamp has milliseconds.
create or replace macro sf_text(value) as case typeof(value)
        when 'JSON' then json_extract_string(to_json(value), '$')
        when 'TIMESTAMP' then strftime(try_cast(value as timestamp), '%Y-%m-%d %H:%M:%S.%g')
        else cast(value as varchar)
    end;

-- Text held in a VARIANT is read as JSON, as is text itself; an empty text is null.
create or replace macro sf_parse_json(value) as cast(case typeof(value)
        when 'JSON' then json_extract_string(to_json(value), '$')
        else nullif(trim(cast(value as varchar)), '')
    end as json);

create or replace macro sf_try_parse_json(value) as try_cast(case typeof(value)
        when 'JSON' then json_extract_string(to_json(value), '$')
        else nullif(trim(cast(value as varchar)), '')
    end as json);

create or replace macro sf_is_object(value) as json_type(to_json(value)) = 'OBJECT';

create or replace macro sf_typeof(value) as case json_type(to_json(value))
        when 'UBIGINT' then 'INTEGER'
        when 'BIGINT' then 'INTEGER'
        when 'HUGEINT' then 'INTEGER'
        when 'DOUBLE' then 'DECIMAL'
        when 'NULL' then 'NULL_VALUE'
        else json_type(to_json(value))
    end;

create or replace macro sf_as_varchar(value) as
    case when json_type(value) = 'VARCHAR' then json_extract_string(value, '$') end;
create or replace macro sf_as_integer(value) as
    case when json_type(value) in ('BIGINT', 'UBIGINT') then cast(value as bigint) end;
create or replace macro sf_as_double(value) as
    case when json_type(value) in ('DOUBLE', 'BIGINT', 'UBIGINT') then cast(value as double) end;
create or replace macro sf_as_boolean(value) as case when json_type(value) = 'BOOLEAN' then cast(value as boolean) end;

create or replace macro sf_object_insert(object, key, value) as json_merge_patch(object, json_object(cast(key as varchar), value));
create or replace macro sf_object_delete(object, key) as json_merge_patch(object, json_object(cast(key as varchar), null));

create or replace macro sf_array_to_string(list, separator) as array_to_string(
    list_transform(cast(to_json(list) as json[]), lambda x: coalesce(json_extract_string(x, '$'), '')), separator
);

create or replace macro sf_width_bucket(value, low, high, buckets) as case
        when value < low then 0
        when value >= high then buckets + 1
        else cast(floor((value - low) * buckets / (high - low)) as bigint) + 1
    end;

create or replace macro sf_md5_lower64(value) as cast('0x' || right(md5(value), 16) as ubigint);

create or replace macro sf_parse_url(url) as json_object(
    'scheme', nullif(regexp_extract(url, '^([A-Za-z][A-Za-z0-9+.-]*):', 1), ''),
    'host', nullif(regexp_extract(url, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]*)', 1), ''),
    'port', nullif(regexp_extract(url, '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*:(\d+)', 1), ''),
    'path', nullif(regexp_extract(url, '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*/([^?#]*)', 1), ''),
    'query', nullif(regexp_extract(url, '\?([^#]*)', 1), ''),
    'fragment', nullif(regexp_extract(url, '#(.*)$', 1), '')
);

create or replace macro sf_flatten(input, keep_empty) as table
    select
        hash(input)::bigint as seq,
        element.k as key,
        element.p as path,
        element.i as index,
        element.v as value,
        to_json(input) as this
    from (
        select unnest(
            case
                when json_type(to_json(input)) = 'ARRAY' and json_array_length(to_json(input)) > 0 then list_transform(
                    cast(to_json(input) as json[]),
                    lambda x, n: struct_pack(
                        k := null::varchar, p := '[' || (n - 1) || ']', i := (n - 1)::bigint, v := x
                    )
                )
                when json_type(to_json(input)) = 'OBJECT' and len(json_keys(to_json(input))) > 0 then list_transform(
                    json_keys(to_json(input)),
                    lambda x: struct_pack(
                        k := x, p := x, i := null::bigint, v := json_extract(to_json(input), '/' || x)
                    )
                )
                when keep_empty then [struct_pack(
                    k := null::varchar, p := null::varchar, i := null::bigint, v := null::json
                )]
            end
        ) as element
    );

create or replace macro sf_split_to_table(text, delimiter) as table
    select
        hash(text)::bigint as seq,
        element.i as index,
        element.v as value
    from (
        select unnest(
            list_transform(string_split(text, delimiter), lambda x, n: struct_pack(i := n::bigint, v := x))
        ) as element
    );
