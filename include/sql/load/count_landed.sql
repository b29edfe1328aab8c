-- Rows and money of a landing table, to hold against the manifest.
select
    count(*) as landed_rows,
    {{ "sum(" ~ money ~ ")" if money else "null" }} as landed_money

from {{ table }}
