-- Orders of a person that a table knows.
select distinct order_id

from {{ table }}

where
    ({{ theirs }})
    and order_id is not null
