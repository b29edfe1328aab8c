-- All that a gate asks before it judges a batch, in one answer: what landed; of earlier batches that began in a span of
-- time, one row a window; up to which moment (UTC) each table has been published; and which landing tables exist (names
-- in capitals), with their rows. Of a window that was loaded more than once the fullest batch counts, because rows that
-- changed again later have moved to a later window.
select
    'landed' as topic,
    null::varchar as name,
    null::timestamp_ntz as begins_at,
    null::timestamp_ntz as ends_at,
    count(*) as row_count,
    {{ "sum(" ~ money ~ ")" if money else "null" }}::number(38, 4) as money

from {{ landing }}
{% if span %}

union all

select
    'load' as topic,
    table_name as name,
    window_start as begins_at,
    window_end as ends_at,
    max(landed_rows) as row_count,
    null as money

from audit.loads

where
    table_name = %(table_name)s
    and window_start >= %(since)s::timestamp_ntz
    and window_start < %(before)s::timestamp_ntz

group by table_name, window_start, window_end
{% endif %}
{% if siblings %}

union all

select
    'published' as topic,
    table_name as name,
    null as begins_at,
    max(window_end) as ends_at,
    null as row_count,
    null as money

from audit.loads

group by table_name

union all

select
    'sibling' as topic,
    table_schema || '.' || table_name as name,
    null as begins_at,
    null as ends_at,
    row_count,
    null as money

from information_schema.tables

where table_name in ({% for name in siblings %}'{{ name }}'{{ ", " if not loop.last }}{% endfor %})
{% endif %}
