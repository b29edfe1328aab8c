{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_item_id',
    on_schema_change='append_new_columns',
) }}

with order_items as (

    select * from {{ ref('stg_order_items') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

build as (

    select * from {{ ref('int_build') }}

),

pending_batches as (

    select * from {{ ref('int_pending_batches') }}

),

-- A line whose order never came is kept, but counts nowhere: its order may be a test.
final as (

    select
        order_items.order_item_id,
        order_items.order_id,
        coalesce(orders.customer_key, 'unknown') as customer_key,
        order_items.product_id as product_key,

        order_items.quantity,
        order_items.unit_price,
        order_items.line_amount as gross_revenue,
        order_items.discount_amount,

        orders.order_id is not null as has_order,
        coalesce(orders.is_valid, false) as is_valid,

        coalesce(orders.order_day, {{ store_day('order_items.ordered_at') }}) as order_day,
        coalesce(orders.ordered_at, order_items.ordered_at) as ordered_at,
        order_items.updated_at,

        build.build_number

    from order_items
    cross join build
    left join orders on order_items.order_id = orders.order_id

    {% if is_incremental() %}
        where
            orders.build_number = build.build_number
            or order_items.batch_id in (select pending_batches.batch_id from pending_batches)
    {% endif %}

)

select * from final
