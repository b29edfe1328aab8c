with dates as (

    select * from {{ ref('dim_dates') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

carts as (

    select * from {{ ref('cart_abandonment') }}

),

order_days as (

    select
        order_day as date_day,

        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        {% for class in ['new', 'returning', 'unknown'] %}
            sum(iff(customer_class = '{{ class }}', gross_revenue, 0)) as {{ class }}_revenue,
        {% endfor %}

        count(*) as order_count,
        {% for class in ['new', 'returning', 'unknown'] %}
            count_if(customer_class = '{{ class }}') as {{ class }}_order_count,
        {% endfor %}
        count_if(item_count = 1) as single_item_order_count,
        sum(item_count) as item_count,
        sum(unit_count) as unit_count

    from orders

    where is_valid

    group by order_day

),

refund_days as (

    select
        refund_day as date_day,
        count(*) as refund_count,
        sum(refund_amount) as refund_amount

    from refunds

    where is_valid

    group by refund_day

),

session_days as (

    select
        session_day as date_day,
        count(*) as session_count,
        count_if(is_converted) as converted_session_count

    from sessions

    group by session_day

),

cart_days as (

    select
        cart_day as date_day,
        sum(cart_count) as cart_count,
        sum(open_cart_count) as open_cart_count,
        sum(abandoned_cart_count) as abandoned_cart_count,
        sum(recovered_cart_count) as recovered_cart_count

    from carts

    group by cart_day

),

-- From the first day on which anything happened.
first_day as (

    select min(days.date_day) as first_day

    from (
        select date_day from order_days
        union all
        select date_day from refund_days
        union all
        select date_day from session_days
    ) as days

),

joined as (

    select
        dates.date_day,

        {% for column in ['gross_revenue', 'discount_amount', 'new_revenue', 'returning_revenue', 'unknown_revenue'] %}
            coalesce(order_days.{{ column }}, 0)::number(18, 4) as {{ column }},
        {% endfor %}
        coalesce(refund_days.refund_amount, 0)::number(18, 4) as refund_amount,

        {% for column in [
            'order_count', 'new_order_count', 'returning_order_count', 'unknown_order_count', 'single_item_order_count',
            'item_count', 'unit_count',
        ] %}
            coalesce(order_days.{{ column }}, 0)::number(18, 0) as {{ column }},
        {% endfor %}
        coalesce(refund_days.refund_count, 0)::number(18, 0) as refund_count,
        {% for column in ['session_count', 'converted_session_count'] %}
            coalesce(session_days.{{ column }}, 0)::number(18, 0) as {{ column }},
        {% endfor %}
        {% for column in ['cart_count', 'open_cart_count', 'abandoned_cart_count', 'recovered_cart_count'] %}
            coalesce(cart_days.{{ column }}, 0)::number(18, 0) as {{ column }},
        {% endfor %}

        dates.iso_week_start as week_start,
        dates.month_start

    from dates
    inner join first_day on dates.date_day >= first_day.first_day
    left join order_days on dates.date_day = order_days.date_day
    left join refund_days on dates.date_day = refund_days.date_day
    left join session_days on dates.date_day = session_days.date_day
    left join cart_days on dates.date_day = cart_days.date_day

    where dates.is_complete

),

final as (

    select
        *,
        (gross_revenue - discount_amount - refund_amount)::number(18, 4) as net_revenue

    from joined

)

select * from final
