-- Newest version of each key wins, then what was read from the source last, then the larger content hash: batches may
-- arrive in any order. Of a row that the source once no longer had, only versions read after that count; the first of
-- them brings it back.
merge into {{ target }} as target
using (
    select
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        parse_json(_extra) as _extra,
        _row_hash,
        _extracted_at

    from {{ candidates }}
    where _reason is null and _rank = 1
) as candidates
    on
        {% for column in key %}
        {{ "and " if not loop.first }}target.{{ column }} = candidates.{{ column }}
        {% endfor %}
when
    matched
    and (target._absent_at is null or candidates._extracted_at > target._absent_at)
    and (
        target._deleted_at is not null
        or candidates.{{ version }} > target.{{ version }}
        or (
            candidates.{{ version }} = target.{{ version }}
            and candidates._row_hash != target._row_hash
            and iff(
                candidates._extracted_at is not distinct from target._extracted_at,
                candidates._row_hash > target._row_hash,
                target._extracted_at is null or candidates._extracted_at > target._extracted_at
            )
        )
    )
    then update set
        {% for column in columns %}
        {{ column }} = candidates.{{ column }},
        {% endfor %}
        _extra = candidates._extra,
        _batch_id = %(batch_id)s,
        _row_hash = candidates._row_hash,
        _published_at = %(published_at)s,
        _deleted_at = null,
        _extracted_at = candidates._extracted_at
when not matched
    then insert (
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        _extra,
        _batch_id,
        _row_hash,
        _published_at,
        _extracted_at
    ) values (
        {% for column in columns %}
        candidates.{{ column }},
        {% endfor %}
        candidates._extra,
        %(batch_id)s,
        candidates._row_hash,
        %(published_at)s,
        candidates._extracted_at
    )
