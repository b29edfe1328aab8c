-- Rows that passed leave the quarantine.
delete from {{ quarantine }}
using {{ candidates }} as candidates
where
    {{ quarantine }}._row_hash = candidates._row_hash
    and {{ quarantine }}._reason = candidates._taken_reason
    and {{ quarantine }}._occurrence = candidates._occurrence
    and candidates._reason is null
