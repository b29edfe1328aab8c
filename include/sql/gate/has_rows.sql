-- One row where a table holds anything.
select 1 as found
from {{ table }}
limit 1
