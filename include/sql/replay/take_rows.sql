-- Chosen rows of the quarantine as a landing table, numbered anew. What they are known by there comes along: a hash
-- computed again could differ, because the text of _extra is not kept. What the source no longer has is not taken.
create or replace transient table {{ landing }} as
select
    {% for column in columns %}
    quarantine.{{ column }},
    {% endfor %}
    to_json(quarantine._extra) as _extra,
    row_number() over (
        order by
            quarantine._quarantined_at asc,
            quarantine._batch_id asc,
            quarantine._row_number asc,
            quarantine._row_hash asc,
            quarantine._reason asc,
            quarantine._occurrence asc
    ) as _row_number,
    quarantine._row_hash,
    quarantine._occurrence,
    quarantine._reason as _taken_reason,
    coalesce(quarantine._extracted_at, loads.extracted_at) as _extracted_at

from {{ quarantine }} as quarantine
left join audit.loads as loads on quarantine._batch_id = loads.batch_id

where
    quarantine._deleted_at is null
    and (%(reason)s is null or quarantine._reason = %(reason)s)
    and (%(batch)s is null or quarantine._batch_id = %(batch)s)
