-- Rejected rows of a batch that the quarantine really holds.
select
    count(*) as row_count,
    sum({{ "quarantine." ~ money if money else "null" }}) as money

from {{ candidates }} as candidates
inner join {{ quarantine }} as quarantine
    on
        candidates._row_hash = quarantine._row_hash
        and candidates._reason = quarantine._reason
        and candidates._occurrence = quarantine._occurrence

where candidates._reason is not null
