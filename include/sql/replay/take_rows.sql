-- Chosen rows of the quarantine as a landing table, numbered anew. What they are known by there comes along: a hash
-- computed again could differ, because the text of _extra is not kept.
create or replace transient table {{ landing }} as
select
    {% for column in columns %}
    {{ column }},
    {% endfor %}
    to_json(_extra) as _extra,
    row_number() over (
        order by _quarantined_at asc, _batch_id asc, _row_number asc, _row_hash asc, _reason asc, _occurrence asc
    ) as _row_number,
    _row_hash,
    _occurrence,
    _reason as _taken_reason

from {{ quarantine }}

where
    (%(reason)s is null or _reason = %(reason)s)
    and (%(batch)s is null or _batch_id = %(batch)s)
