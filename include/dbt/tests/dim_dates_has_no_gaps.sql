-- Whole years without a missing day: as many days as lie between the first and the last.
with days as (

    select
        count(*) as day_count,
        min(date_day) as first_day,
        max(date_day) as last_day

    from {{ ref('dim_dates') }}

),

final as (

    select * from days

    where
        day_count != datediff('day', first_day, last_day) + 1
        or first_day != date_trunc('year', first_day)::date
        or last_day != last_day(last_day, 'year')

)

select * from final
