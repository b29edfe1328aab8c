with source as (

    select * from {{ source('staging', 'refunds') }}

    -- What the source no longer has is in stg_deleted_rows only.
    where _deleted_at is null

),

final as (

    select
        refund_id,
        order_id,
        {{ identity_key('customer_id') }} as identity_key,
        customer_id,
        product_id,

        reason,

        quantity,
        amount,

        {{ store_day('refunded_at') }} as refund_day,
        refunded_at,
        updated_at,
        _published_at as published_at,
        _batch_id as batch_id

    from source

)

select * from final
