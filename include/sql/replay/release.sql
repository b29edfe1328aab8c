-- Rows that passed leave the quarantine, but for those that the source has meanwhile been found without.
delete from {{ quarantine }}
using {{ candidates }} as candidates
where
    {{ quarantine }}._row_hash = candidates._row_hash
    and {{ quarantine }}._reason = candidates._taken_reason
    and {{ quarantine }}._occurrence = candidates._occurrence
    and {{ quarantine }}._deleted_at is null
    and candidates._reason is null
