with source as (

    select * from {{ source('audit', 'published_days') }}

),

final as (

    select
        table_name,
        published_day,
        batch_id

    from source

)

select * from final
