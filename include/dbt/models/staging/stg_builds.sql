with source as (

    select * from {{ source('audit', 'builds') }}

),

final as (

    select
        build_number,
        run_id,
        data_through,
        finished_at

    from source

)

select * from final
