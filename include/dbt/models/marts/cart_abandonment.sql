{% set states = ['bought', 'open', 'recovered', 'recovery_pending', 'lost'] %}

with carts as (

    select * from {{ ref('int_carts') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

described as (

    select
        {{ store_day('carts.opened_at') }} as cart_day,
        coalesce(sessions.device_category, 'unknown') as device_category,
        sessions.channel,

        carts.cart_value,

        carts.last_activity_at,
        carts.purchased_at,
        carts.next_purchase_at,
        dateadd('minute', {{ var('cart_timeout_minutes') }}, carts.last_activity_at) as abandoned_at,
        dateadd(
            'day', {{ var('cart_recovery_days') }},
            dateadd('minute', {{ var('cart_timeout_minutes') }}, carts.last_activity_at)
        ) as recoverable_until,
        data_through.as_of_date,
        {{ store_midnight('data_through.as_of_date') }} as as_of_at

    from carts
    inner join sessions on carts.session_key = sessions.session_key
    cross join data_through

),

-- A cart with activity at or after the as-of moment was open then: none of its pauses was long enough to close it.
decided as (

    select
        cart_day,
        device_category,
        channel,
        cart_value,

        case
            when purchased_at < as_of_at then 'bought'
            when abandoned_at >= as_of_at then 'open'
            when next_purchase_at <= recoverable_until and next_purchase_at < as_of_at then 'recovered'
            when recoverable_until >= as_of_at then 'recovery_pending'
            else 'lost'
        end as state

    from described

    where cart_day < as_of_date

),

counted as (

    select
        cart_day,
        device_category,
        channel,

        count(*) as cart_count,
        {% for state in states %}
            count_if(state = '{{ state }}') as {{ state }}_cart_count,
        {% endfor %}
        sum(cart_value)::number(18, 4) as cart_value,
        {% for state in states %}
            sum(iff(state = '{{ state }}', cart_value, 0))::number(18, 4) as {{ state }}_value,
        {% endfor %}
        count_if(state in ('recovered', 'recovery_pending', 'lost')) as abandoned_cart_count

    from decided

    group by
        cart_day,
        device_category,
        channel

),

final as (

    select
        cart_day,
        device_category,
        channel,

        cart_count,
        bought_cart_count,
        abandoned_cart_count,
        open_cart_count,
        recovered_cart_count,
        recovery_pending_cart_count,
        lost_cart_count,

        cart_value,
        bought_value,
        (recovered_value + recovery_pending_value + lost_value)::number(18, 4) as abandoned_value,
        open_value,
        recovered_value,
        recovery_pending_value,
        lost_value,

        (abandoned_cart_count::number(18, 8) / nullif(cart_count - open_cart_count, 0))::number(18, 8)
            as abandonment_rate,
        iff(
            recovery_pending_cart_count = 0,
            (recovered_cart_count::number(18, 8) / nullif(abandoned_cart_count, 0))::number(18, 8),
            null
        ) as recovery_rate

    from counted

)

select * from final
