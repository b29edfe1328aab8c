with source as (

    select * from {{ source('staging', 'refunds') }}

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
