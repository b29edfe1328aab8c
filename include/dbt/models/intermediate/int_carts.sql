-- depends_on: {{ ref('int_changed_visitors') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'changed': 'int_changed_visitors',
        'replaced_where': 'target.user_pseudo_id = changed.user_pseudo_id',
    },
    on_schema_change='append_new_columns',
) }}

{% set order_of_events = 'event_at, event_sequence, event_id' %}

with web_events as (

    {{ events_of_changed_visitors() }}

),

cart_events as (

    select
        event_id,
        user_pseudo_id,
        customer_key,
        session_key,
        event_name,
        items,
        event_at,
        event_sequence,

        lag(event_at) over (partition by user_pseudo_id order by {{ order_of_events }}) as previous_event_at,
        lag(event_name) over (partition by user_pseudo_id order by {{ order_of_events }}) as previous_event_name,
        min(iff(event_name = 'purchase', event_at, null)) over (
            partition by user_pseudo_id order by {{ order_of_events }}
            rows between 1 following and unbounded following
        ) as next_purchase_at

    from web_events

    where event_name in (
        'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout',
        'add_shipping_info', 'add_payment_info', 'purchase'
    )

),

-- A purchase ends a stretch of activity, so does too long a pause; neither needs to know what comes later.
stretches as (

    select
        *,
        count_if(
            previous_event_at is null
            or previous_event_name = 'purchase'
            or event_at > dateadd('minute', {{ var('cart_timeout_minutes') }}, previous_event_at)
        ) over (
            partition by user_pseudo_id order by {{ order_of_events }}
            rows between unbounded preceding and current row
        ) as stretch_number

    from cart_events

),

numbered as (

    select
        *,
        row_number() over (
            partition by user_pseudo_id, stretch_number order by {{ order_of_events }}
        ) as event_number

    from stretches

),

item_values as (

    select
        numbered.event_id,
        sum(
            coalesce(item.value:price::number(18, 4), 0) * coalesce(item.value:quantity::number(18, 0), 1)
        )::number(18, 4) as item_value

    from numbered,
        lateral flatten(input => try_parse_json(numbered.items)) as item

    where numbered.event_name in ('add_to_cart', 'remove_from_cart')

    group by numbered.event_id

),

-- The cart is what begins with the first thing put into it; what comes before it in its stretch is none.
carts as (

    select
        numbered.user_pseudo_id,
        min_by(numbered.event_id, iff(numbered.event_name = 'add_to_cart', numbered.event_number, null))
            as opening_event_id,
        min_by(numbered.session_key, iff(numbered.event_name = 'add_to_cart', numbered.event_number, null))
            as session_key,
        min_by(numbered.customer_key, iff(numbered.customer_key = 'unknown', null, numbered.event_number))
            as customer_key,

        count_if(numbered.event_name = 'add_to_cart') as add_to_cart_count,
        greatest(
            coalesce(sum(
                iff(numbered.event_name = 'add_to_cart', item_values.item_value, -item_values.item_value)
            ), 0), 0
        )::number(18, 4) as cart_value,

        min(iff(numbered.event_name = 'add_to_cart', numbered.event_at, null)) as opened_at,
        max(numbered.event_at) as last_activity_at,
        max(iff(numbered.event_name = 'purchase', numbered.event_at, null)) as purchased_at,
        min(numbered.next_purchase_at) as next_purchase_at

    from numbered
    left join item_values on numbered.event_id = item_values.event_id

    group by
        numbered.user_pseudo_id,
        numbered.stretch_number

),

final as (

    select
        user_pseudo_id || '.' || opening_event_id as cart_key,
        user_pseudo_id,
        opening_event_id,
        session_key,
        coalesce(customer_key, 'unknown') as customer_key,

        add_to_cart_count,
        cart_value,

        opened_at,
        last_activity_at,
        purchased_at,
        iff(purchased_at is null, next_purchase_at, null) as next_purchase_at

    from carts

    where opened_at is not null

)

select * from final
