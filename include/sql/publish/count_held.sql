-- Candidates with a reject reason that the quarantine really holds, in rows and money. `reason` is the column that says
-- why: _reason for a batch's own rejects, _taken_reason for rows that a replay took from the quarantine.
select
    count(*) as row_count,
    sum({{ "quarantine." ~ money if money else "null" }}) as money

from {{ candidates }} as candidates
inner join {{ quarantine }} as quarantine
    on
        candidates.{{ reason }} = quarantine._reason
        and candidates._row_hash = quarantine._row_hash
        and candidates._occurrence = quarantine._occurrence
