{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='order_item_id',
    meta={
        'changed': 'int_changed_orders',
        'replaced_where': 'target.order_id = changed.order_id',
    },
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

changed_orders as (

    select * from {{ ref('int_changed_orders') }}

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
            or order_items.order_id in (select changed_orders.order_id from changed_orders)
    {% endif %}

)

select * from final
