-- Rows of a landing table that break a rule.
select count(*) as row_count
from {{ landing }} as landed
where {{ broken }}
