with orders as (

    select * from {{ ref('stg_orders') }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

web_events as (

    select * from {{ ref('stg_web_events') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

bounds as (

    select
        {{ store_day('min(ordered_at)') }} as first_day,
        {{ store_day('max(ordered_at)') }} as last_day

    from orders

    union all

    select
        {{ store_day('min(refunded_at)') }} as first_day,
        {{ store_day('max(refunded_at)') }} as last_day

    from refunds

    union all

    -- The export's day may differ from the event's own.
    select
        least({{ store_day('min(event_at)') }}, min(event_day)) as first_day,
        greatest({{ store_day('max(event_at)') }}, max(event_day)) as last_day

    from web_events

    union all

    select
        data_through as first_day,
        data_through as last_day

    from data_through

),

-- Whole years, so that a year can be compared with the one before.
years as (

    select
        date_trunc('year', min(first_day))::date as first_day,
        last_day(max(last_day), 'year') as last_day

    from bounds

),

-- A century is more than any shop's history; the days outside the bounds fall away below.
numbers as (

    select row_number() over (order by seq4()) - 1 as day_offset

    from table(generator(rowcount => 36600))

),

days as (

    select dateadd('day', numbers.day_offset, years.first_day)::date as date_day

    from years
    inner join numbers on dateadd('day', numbers.day_offset, years.first_day) <= years.last_day

),

final as (

    select
        days.date_day,

        year(days.date_day) as calendar_year,
        quarter(days.date_day) as quarter_of_year,
        month(days.date_day) as month_of_year,
        day(days.date_day) as day_of_month,
        yearofweekiso(days.date_day) as iso_year,
        weekiso(days.date_day) as iso_week,
        dayofweekiso(days.date_day) as iso_day_of_week,

        monthname(days.date_day) as month_name,
        dayname(days.date_day) as day_name,

        date_trunc('month', days.date_day)::date as month_start,
        dateadd('day', 1 - dayofweekiso(days.date_day), days.date_day)::date as iso_week_start,

        dayofweekiso(days.date_day) >= 6 as is_weekend,
        days.date_day = last_day(days.date_day) as is_month_end,
        coalesce(days.date_day <= data_through.data_through, false) as is_complete

    from days
    cross join data_through

)

select * from final
