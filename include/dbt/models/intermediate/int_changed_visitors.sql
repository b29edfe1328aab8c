with visitor_days as (

    select * from {{ ref('int_visitor_days') }}

),

build as (

    select * from {{ ref('int_build') }}

),

final as (

    select
        visitor_days.user_pseudo_id,
        min(visitor_days.changed_from) as changed_from

    from visitor_days
    inner join build on visitor_days.build_number = build.build_number

    where visitor_days.changed_from is not null

    group by visitor_days.user_pseudo_id

)

select * from final
