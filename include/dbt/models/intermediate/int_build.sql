with builds as (

    select * from {{ ref('stg_builds') }}

),

final as (

    select (coalesce(max(build_number), 0) + 1)::number(18, 0) as build_number

    from builds

)

select * from final
