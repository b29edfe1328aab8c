-- Key figures of every period, the earliest first.
select
    {{ period }} as period_start,
    {{ columns }}

from {{ table }}

order by {{ period }} asc
