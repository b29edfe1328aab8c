-- Newest version of each key wins, then the larger content hash, so that batches may arrive in any order.
merge into {{ target }} as target
using (
    select
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        parse_json(_extra) as _extra,
        _row_hash

    from {{ candidates }}
    where _reason is null and _rank = 1
) as candidates
    on
        {% for column in key %}
        {{ "and " if not loop.first }}target.{{ column }} = candidates.{{ column }}
        {% endfor %}
when
    matched
    and (
        candidates.{{ version }} > target.{{ version }}
        or (candidates.{{ version }} = target.{{ version }} and candidates._row_hash > target._row_hash)
    )
    then update set
        {% for column in columns %}
        {{ column }} = candidates.{{ column }},
        {% endfor %}
        _extra = candidates._extra,
        _batch_id = %(batch_id)s,
        _row_hash = candidates._row_hash,
        _published_at = %(published_at)s
when not matched
    then insert (
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        _extra,
        _batch_id,
        _row_hash,
        _published_at
    ) values (
        {% for column in columns %}
        candidates.{{ column }},
        {% endfor %}
        candidates._extra,
        %(batch_id)s,
        candidates._row_hash,
        %(published_at)s
    )
