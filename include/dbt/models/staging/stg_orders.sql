with source as (

    select * from {{ source('staging', 'orders') }}

    -- What the source no longer has is in stg_deleted_rows only.
    where _deleted_at is null

),

final as (

    select
        order_id,
        {{ identity_key('customer_id', 'email_hash') }} as identity_key,
        customer_id,
        email_hash,

        status,
        channel,
        country,
        currency,

        total_amount,

        status not in ('cancelled', 'test') as is_valid,

        {{ store_day('ordered_at') }} as order_day,
        ordered_at,
        updated_at,
        _published_at as published_at,
        _batch_id as batch_id

    from source

)

select * from final
