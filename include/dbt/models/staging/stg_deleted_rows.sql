with orders as (

    select * from {{ source('staging', 'orders') }}

),

order_items as (

    select * from {{ source('staging', 'order_items') }}

),

refunds as (

    select * from {{ source('staging', 'refunds') }}

),

final as (

    select
        'orders' as table_name,
        order_id as row_key,
        order_id,

        _deleted_at as deleted_at,
        _batch_id as batch_id

    from orders

    where _deleted_at is not null

    union all

    select
        'order_items' as table_name,
        order_item_id as row_key,
        order_id,

        _deleted_at as deleted_at,
        _batch_id as batch_id

    from order_items

    where _deleted_at is not null

    union all

    select
        'refunds' as table_name,
        refund_id as row_key,
        order_id,

        _deleted_at as deleted_at,
        _batch_id as batch_id

    from refunds

    where _deleted_at is not null

)

select * from final
