{# The clock times of ordering of which the most frequent is a favourite. #}
{% set order_favourites = {
    'order_hour': "hour(" ~ store_time('orders.ordered_at') ~ ")",
    'order_weekday': "dayofweekiso(" ~ store_time('orders.ordered_at') ~ ")",
} %}

with customers as (

    select * from {{ ref('dim_customers') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

order_items as (

    select * from {{ ref('fct_order_items') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

customer_sessions as (

    select
        sessions.customer_key,
        count(*) as session_count,
        count_if(sessions.is_converted) as converted_session_count,
        sum(sessions.event_count) as event_count,
        sum(sessions.page_view_count) as page_view_count,
        sum(datediff('second', sessions.started_at, sessions.ended_at)) as session_seconds,
        min(sessions.started_at) as first_session_at,
        max(sessions.ended_at) as last_session_at

    from sessions
    inner join data_through on sessions.session_day <= data_through.data_through

    group by sessions.customer_key

),

customer_orders as (

    select
        orders.customer_key,
        count(*) as order_count,
        sum(orders.unit_count) as unit_count,
        sum(orders.gross_revenue) as gross_revenue,
        min(orders.ordered_at) as first_order_at,
        max(orders.ordered_at) as last_order_at,
        datediff('day', min(orders.order_day), max(orders.order_day)) as days_from_first_to_last

    from orders
    inner join data_through on orders.order_day <= data_through.data_through

    where orders.is_valid

    group by orders.customer_key

),

{% for level in ['category', 'subcategory'] %}
    favourite_{{ level }} as (

        select
            order_items.customer_key,
            products.{{ level }} as favourite

        from order_items
        inner join products
            on
                order_items.product_key = products.product_key
                and products.is_current
        inner join data_through on order_items.order_day <= data_through.data_through

        where
            order_items.is_valid
            and products.{{ level }} is not null

        group by
            order_items.customer_key,
            products.{{ level }}

        qualify
            row_number() over (
                partition by order_items.customer_key
                order by sum(order_items.quantity) desc, sum(order_items.gross_revenue) desc, products.{{ level }} asc
            ) = 1

    ),

{% endfor %}
{% for favourite, value in order_favourites.items() %}
    favourite_{{ favourite }} as (

        select
            orders.customer_key,
            {{ value }} as favourite

        from orders
        inner join data_through on orders.order_day <= data_through.data_through

        where orders.is_valid

        group by
            orders.customer_key,
            {{ value }}

        qualify
            row_number() over (
                partition by orders.customer_key order by count(*) desc, max(orders.ordered_at) desc, {{ value }} asc
            ) = 1

    ),

{% endfor %}
favourite_device as (

    select
        sessions.customer_key,
        sessions.device_category as favourite

    from sessions
    inner join data_through on sessions.session_day <= data_through.data_through

    where sessions.device_category is not null

    group by
        sessions.customer_key,
        sessions.device_category

    qualify
        row_number() over (
            partition by sessions.customer_key
            order by count(*) desc, max(sessions.started_at) desc, sessions.device_category asc
        ) = 1

),

joined as (

    select
        customers.customer_key,
        customers.customer_type,

        coalesce(customer_sessions.session_count, 0) as session_count,
        coalesce(customer_sessions.converted_session_count, 0) as converted_session_count,
        coalesce(customer_sessions.event_count, 0) as event_count,
        coalesce(customer_sessions.page_view_count, 0) as page_view_count,
        customer_sessions.session_seconds,

        coalesce(customer_orders.order_count, 0) as order_count,
        coalesce(customer_orders.unit_count, 0) as unit_count,
        coalesce(customer_orders.gross_revenue, 0) as gross_revenue,
        customer_orders.days_from_first_to_last,

        {% for favourite in ['category', 'subcategory', 'order_hour', 'order_weekday', 'device'] %}
            favourite_{{ favourite }}.favourite as favourite_{{ favourite }},
        {% endfor %}

        least(
            coalesce(customer_sessions.first_session_at, customer_orders.first_order_at),
            coalesce(customer_orders.first_order_at, customer_sessions.first_session_at)
        ) as first_activity_at,
        greatest(
            coalesce(customer_sessions.last_session_at, customer_orders.last_order_at),
            coalesce(customer_orders.last_order_at, customer_sessions.last_session_at)
        ) as last_activity_at,
        data_through.as_of_date

    from customers
    cross join data_through
    left join customer_sessions on customers.customer_key = customer_sessions.customer_key
    left join customer_orders on customers.customer_key = customer_orders.customer_key
    {% for favourite in ['category', 'subcategory', 'order_hour', 'order_weekday', 'device'] %}
        left join favourite_{{ favourite }} on customers.customer_key = favourite_{{ favourite }}.customer_key
    {% endfor %}

    where
        customers.is_current
        and customers.customer_key != 'unknown'

),

final as (

    select
        customer_key,
        customer_type,

        session_count::number(18, 0) as session_count,
        converted_session_count::number(18, 0) as converted_session_count,
        event_count::number(18, 0) as event_count,
        page_view_count::number(18, 0) as page_view_count,
        (event_count::number(18, 8) / nullif(session_count, 0))::number(18, 8) as events_per_session,
        (page_view_count::number(18, 8) / nullif(session_count, 0))::number(18, 8) as page_views_per_session,
        (session_seconds::number(18, 4) / nullif(session_count, 0))::number(18, 4) as seconds_per_session,
        favourite_device,

        order_count::number(18, 0) as order_count,
        unit_count::number(18, 0) as unit_count,
        gross_revenue::number(18, 4) as gross_revenue,
        (gross_revenue::number(18, 4) / nullif(order_count, 0))::number(18, 4) as average_order_value,
        (days_from_first_to_last::number(18, 4) / nullif(order_count - 1, 0))::number(18, 4) as days_between_orders,
        favourite_category,
        favourite_subcategory,
        favourite_order_hour::number(18, 0) as favourite_order_hour,
        favourite_order_weekday::number(18, 0) as favourite_order_weekday,

        first_activity_at,
        last_activity_at,
        datediff('day', {{ store_day('last_activity_at') }}, as_of_date)::number(18, 0) as days_since_last_activity,
        as_of_date

    from joined

)

select * from final
