-- Published rows that the source still held just so when it was read: what was read of them before takes their place no
-- more. Nothing about them is new to a build, so they keep their batch.
merge into {{ target }} as target
using (
    select
        {% for column in key %}
        {{ column }},
        {% endfor %}
        _row_hash,
        _extracted_at

    from {{ candidates }}
    where _reason is null and _rank = 1 and _extracted_at is not null
) as candidates
    on
        target._row_hash = candidates._row_hash
        {% for column in key %}
        and target.{{ column }} = candidates.{{ column }}
        {% endfor %}
when
    matched
    and (target._extracted_at is null or candidates._extracted_at > target._extracted_at)
    then update set
        _extracted_at = candidates._extracted_at
