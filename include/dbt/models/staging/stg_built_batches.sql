with source as (

    select * from {{ source('audit', 'built_batches') }}

),

final as (

    select
        batch_id,
        build_number

    from source

)

select * from final
