-- Reasons for which rows of a table are in quarantine, or were replayed before.
select _reason as reason
from {{ quarantine }}

union distinct

select chosen_reason as reason
from audit.replays
where table_name = %(table_name)s and chosen_reason is not null

order by reason
