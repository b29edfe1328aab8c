with source as (

    select * from {{ source('staging', 'products') }}

),

final as (

    select
        product_id,

        name,
        category,
        subcategory,
        brand,

        list_price,

        is_merchandise,
        is_active,

        created_at,
        updated_at,
        _published_at as published_at,
        _batch_id as batch_id

    from source

)

select * from final
