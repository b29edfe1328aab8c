-- Write the days of which this batch holds a newer export.
insert into {{ target }} (
    {% for column in columns %}
    {{ column }},
    {% endfor %}
    _extra,
    _batch_id,
    _row_hash,
    _published_at,
    _extracted_at
)
select
    {% for column in columns %}
    candidates.{{ column }},
    {% endfor %}
    parse_json(candidates._extra) as _extra,
    %(batch_id)s as _batch_id,
    candidates._row_hash,
    %(published_at)s as _published_at,
    candidates._extracted_at

from {{ candidates }} as candidates
left join audit.published_days as published
    on
        published.table_name = %(table_name)s
        and candidates.{{ day }} = published.published_day

where
    candidates._reason is null
    and candidates._rank = 1
    and (published.version is null or published.version < candidates.{{ version }})
