-- depends_on: {{ ref('int_changed_orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='order_id',
    meta={
        'changed': 'int_changed_orders',
        'replaced_where': 'target.order_id = changed.order_id',
    },
    on_schema_change='append_new_columns',
) }}

with all_order_items as (

    select * from {{ ref('fct_order_items') }}

),

build as (

    select * from {{ ref('int_build') }}

),

-- An order with a changed line is taken whole.
changed_orders as (

    select distinct all_order_items.order_id

    from all_order_items
    inner join build on all_order_items.build_number = build.build_number

),

order_items as (

    select * from all_order_items

    {% if is_incremental() %}
        where order_id in (select changed_orders.order_id from changed_orders)
    {% endif %}

),

final as (

    select
        order_id,
        product_key,

        min(order_day) as order_day,

        sum(quantity)::number(18, 0) as unit_count,
        sum(gross_revenue)::number(18, 4) as gross_revenue,
        sum(discount_amount)::number(18, 4) as discount_amount,

        boolor_agg(unit_price > 0) as is_paid,
        boolor_agg(is_valid) as is_valid

    from order_items

    group by
        order_id,
        product_key

)

select * from final
