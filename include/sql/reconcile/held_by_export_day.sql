-- Events of each export day in staging, with those that the gate set aside from the export that is published.
with held as (

    select {{ day }} as store_day
    from {{ target }}
    where {{ day }} between %(first_day)s and %(last_day)s

    union all

    select quarantine.{{ day }} as store_day
    from {{ quarantine }} as quarantine
    inner join audit.published_days as published
        on
            quarantine.{{ day }} = published.published_day
            and quarantine.exported_at = published.version
    where quarantine.{{ day }} between %(first_day)s and %(last_day)s

)

select
    store_day,
    count(*) as row_count,
    0 as money

from held

group by store_day

order by store_day
