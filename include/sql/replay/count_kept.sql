-- Taken rows that the quarantine still holds.
select
    count(*) as row_count,
    sum({{ "quarantine." ~ money if money else "null" }}) as money

from {{ candidates }} as candidates
inner join {{ quarantine }} as quarantine
    on
        candidates._row_hash = quarantine._row_hash
        and candidates._taken_reason = quarantine._reason
        and candidates._occurrence = quarantine._occurrence
