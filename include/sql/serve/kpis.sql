-- Key figures of the periods that a span touches, the earliest first.
select
    {{ period }} as period_start,
    {{ columns }}

from {{ table }}

where {{ period }} between %(first_period)s::date and %(end_date)s::date

order by {{ period }} asc

limit %(limit)s offset %(offset)s
