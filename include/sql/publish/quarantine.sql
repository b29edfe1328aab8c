-- Keep rejected rows; a row that an earlier batch brought unchanged is kept once, with the later moment of reading. One
-- that the source no longer had meanwhile comes anew.
merge into {{ quarantine }} as quarantine
using (
    select * from {{ candidates }}
    where _reason is not null
) as candidates
    on
        quarantine._row_hash = candidates._row_hash
        and quarantine._reason = candidates._reason
        and quarantine._occurrence = candidates._occurrence
when matched and quarantine._deleted_at < candidates._extracted_at
    then update set
        _batch_id = %(batch_id)s,
        _row_number = candidates._row_number,
        _quarantined_at = %(published_at)s,
        _deleted_at = null,
        _extracted_at = candidates._extracted_at
when
    matched
    and (quarantine._extracted_at is null or candidates._extracted_at > quarantine._extracted_at)
    then update set
        _extracted_at = candidates._extracted_at
when not matched
    then insert (
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        _extra,
        _batch_id,
        _row_number,
        _row_hash,
        _occurrence,
        _reason,
        _money_at_risk,
        _quarantined_at,
        _extracted_at
    ) values (
        {% for column in columns %}
        candidates.{{ column }},
        {% endfor %}
        parse_json(candidates._extra),
        %(batch_id)s,
        candidates._row_number,
        candidates._row_hash,
        candidates._occurrence,
        candidates._reason,
        {{ "candidates." ~ money if money else "null" }},
        %(published_at)s,
        candidates._extracted_at
    )
