with source as (

    select * from {{ source('staging', 'order_items') }}

    -- What the source no longer has is in stg_deleted_rows only.
    where _deleted_at is null

),

final as (

    select
        order_item_id,
        order_id,
        product_id,

        quantity,
        unit_price,
        line_amount,
        discount_amount,

        ordered_at,
        updated_at,
        _published_at as published_at,
        _batch_id as batch_id

    from source

)

select * from final
