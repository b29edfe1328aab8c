-- The main figures of a span of days: sums of its days, each customer counted once, rates from the sums.
with days as (

    select *

    from marts.agg_daily_kpis

    where date_day between %(start_date)s::date and %(end_date)s::date

),

totals as (

    select
        count(*) as day_count,
        coalesce(sum(gross_revenue), 0)::number(18, 4) as gross_revenue,
        coalesce(sum(discount_amount), 0)::number(18, 4) as discount_amount,
        coalesce(sum(refund_amount), 0)::number(18, 4) as refund_amount,
        coalesce(sum(net_revenue), 0)::number(18, 4) as net_revenue,
        coalesce(sum(new_revenue), 0)::number(18, 4) as new_revenue,
        coalesce(sum(returning_revenue), 0)::number(18, 4) as returning_revenue,
        coalesce(sum(unknown_revenue), 0)::number(18, 4) as unknown_revenue,
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(unit_count), 0) as unit_count,
        coalesce(sum(refund_count), 0) as refund_count,
        coalesce(sum(new_customer_count), 0) as new_customer_count,
        coalesce(sum(session_count), 0) as session_count,
        coalesce(sum(converted_session_count), 0) as converted_session_count,
        coalesce(sum(cart_count), 0) as cart_count,
        coalesce(sum(abandoned_cart_count), 0) as abandoned_cart_count,
        coalesce(sum(open_cart_count), 0) as open_cart_count

    from days

),

-- A customer who buys on two days is one customer, so days do not add up.
customers as (

    select count(distinct orders.customer_key) as customer_count

    from marts.fct_orders as orders
    inner join days on orders.order_day = days.date_day

    where
        orders.is_valid
        and orders.customer_key != 'unknown'

),

final as (

    select
        totals.*,
        customers.customer_count,
        (totals.gross_revenue / nullif(totals.order_count, 0))::number(18, 4) as average_order_value,
        (totals.converted_session_count::number(18, 8) / nullif(totals.session_count, 0))::number(18, 8)
            as conversion_rate,
        (totals.abandoned_cart_count::number(18, 8) / nullif(totals.cart_count - totals.open_cart_count, 0))::number(
            18, 8
        ) as cart_abandonment_rate

    from totals
    cross join customers

)

select * from final
