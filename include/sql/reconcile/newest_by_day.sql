-- Newest version of each key within a span, in staging or quarantine, counted by the store day on which it began.
with versions as (

    select
        {{ entity }} as entity,
        {{ version }} as version

    from {{ target }}

    union all

    select
        {{ entity }} as entity,
        {{ version }} as version

    from {{ quarantine }}

),

newest as (

    select
        entity,
        max(version) as version

    from versions

    where version >= %(start)s and version < %(end)s

    group by entity

)

select
    convert_timezone('UTC', %(timezone)s, version)::date as store_day,
    count(*) as row_count,
    0 as money

from newest

group by convert_timezone('UTC', %(timezone)s, version)::date

order by store_day
