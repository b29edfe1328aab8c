with source as (

    select * from {{ source('audit', 'loads') }}

),

final as (

    select
        batch_id,
        source as source_name,
        table_name,

        window_start,
        window_end,
        published_at

    from source

)

select * from final
