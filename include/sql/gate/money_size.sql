-- Money of a landing table without its signs, so that one amount cannot hide another; 0 where a table has none.
select coalesce(sum(abs({{ money if money else 0 }})), 0) as size
from {{ landing }}
