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

with orders as (

    select * from {{ ref('stg_orders') }}

),

order_items as (

    select * from {{ ref('stg_order_items') }}

),

identities as (

    select * from {{ ref('int_customers_identity') }}

),

build as (

    select * from {{ ref('int_build') }}

),

all_orders as (

    select
        orders.*,
        coalesce(identities.customer_key, 'unknown') as customer_key

    from orders
    left join identities on orders.identity_key = identities.identity_key

),

{% if is_incremental() %}
    -- Published anew, itself or a line of it, or gone; or somebody else's by now, because an e-mail found its owner.
    changed_orders as (

        select order_id from {{ ref('int_changed_orders') }}

        union distinct

        select all_orders.order_id

        from all_orders
        left join {{ this }} as built on all_orders.order_id = built.order_id

        where all_orders.customer_key is distinct from built.customer_key

    ),

    -- One order more or less, and all the others of the customer may have another number.
    changed_customers as (

        select all_orders.customer_key

        from all_orders
        inner join changed_orders on all_orders.order_id = changed_orders.order_id

        union distinct

        select built.customer_key

        from {{ this }} as built
        inner join changed_orders on built.order_id = changed_orders.order_id

    ),

{% endif %}
identified as (

    select * from all_orders

    {% if is_incremental() %}
        where
            order_id in (select changed_orders.order_id from changed_orders)
            or (
                customer_key != 'unknown'
                and customer_key in (select changed_customers.customer_key from changed_customers)
            )
    {% endif %}

),

items as (

    select
        order_items.order_id,
        count(*) as item_count,
        sum(order_items.quantity)::number(18, 0) as unit_count,
        sum(order_items.line_amount)::number(18, 4) as gross_revenue,
        sum(order_items.discount_amount)::number(18, 4) as discount_amount

    from order_items
    inner join identified on order_items.order_id = identified.order_id

    group by order_items.order_id

),

joined as (

    select
        identified.order_id,
        identified.customer_key,

        identified.status,
        identified.channel,
        identified.country,
        identified.currency,

        coalesce(items.item_count, 0)::number(18, 0) as item_count,
        coalesce(items.unit_count, 0)::number(18, 0) as unit_count,
        coalesce(items.gross_revenue, 0)::number(18, 4) as gross_revenue,
        coalesce(items.discount_amount, 0)::number(18, 4) as discount_amount,
        identified.total_amount,

        identified.is_valid,

        identified.order_day,
        identified.ordered_at,
        identified.updated_at

    from identified
    left join items on identified.order_id = items.order_id

),

numbered as (

    select
        *,
        case
            when is_valid and customer_key != 'unknown'
                then row_number() over (partition by customer_key, is_valid order by ordered_at, order_id)
        end::number(18, 0) as customer_order_number

    from joined

),

final as (

    select
        numbered.order_id,
        numbered.customer_key,

        numbered.status,
        numbered.channel,
        numbered.country,
        numbered.currency,

        case
            when not numbered.is_valid then 'not counted'
            when numbered.customer_key = 'unknown' then 'unknown'
            when numbered.customer_order_number = 1 then 'new'
            else 'returning'
        end as customer_class,
        numbered.customer_order_number,

        numbered.item_count,
        numbered.unit_count,
        numbered.gross_revenue,
        numbered.discount_amount,
        numbered.total_amount,

        numbered.is_valid,

        numbered.order_day,
        numbered.ordered_at,
        numbered.updated_at,

        build.build_number

    from numbered
    cross join build

)

select * from final
