-- The main figures of spans of days: sums of their days, each customer counted once, rates from the sums.
with spans as (

    select
        value[0]::number(18, 0) as span_number,
        value[1]::varchar::date as start_date,
        value[2]::varchar::date as end_date

    from table(flatten(input => parse_json(%(spans)s)))

),

days as (

    select
        spans.span_number,
        kpis.*

    from spans
    inner join marts.agg_daily_kpis as kpis on kpis.date_day between spans.start_date and spans.end_date

),

totals as (

    select
        spans.span_number,
        count(days.date_day) as day_count,
        coalesce(sum(days.gross_revenue), 0)::number(18, 4) as gross_revenue,
        coalesce(sum(days.discount_amount), 0)::number(18, 4) as discount_amount,
        coalesce(sum(days.refund_amount), 0)::number(18, 4) as refund_amount,
        coalesce(sum(days.net_revenue), 0)::number(18, 4) as net_revenue,
        coalesce(sum(days.new_revenue), 0)::number(18, 4) as new_revenue,
        coalesce(sum(days.returning_revenue), 0)::number(18, 4) as returning_revenue,
        coalesce(sum(days.unknown_revenue), 0)::number(18, 4) as unknown_revenue,
        coalesce(sum(days.order_count), 0) as order_count,
        coalesce(sum(days.unit_count), 0) as unit_count,
        coalesce(sum(days.refund_count), 0) as refund_count,
        coalesce(sum(days.new_customer_count), 0) as new_customer_count,
        coalesce(sum(days.session_count), 0) as session_count,
        coalesce(sum(days.converted_session_count), 0) as converted_session_count,
        coalesce(sum(days.cart_count), 0) as cart_count,
        coalesce(sum(days.abandoned_cart_count), 0) as abandoned_cart_count,
        coalesce(sum(days.open_cart_count), 0) as open_cart_count

    from spans
    left join days on spans.span_number = days.span_number

    group by spans.span_number

),

-- A customer who buys on two days is one customer, so days do not add up.
customers as (

    select
        days.span_number,
        count(distinct orders.customer_key) as customer_count

    from days
    inner join marts.fct_orders as orders on days.date_day = orders.order_day

    where
        -- From the first to the last day of all spans: a join alone would read every day that there is.
        orders.order_day between %(first_day)s::date and %(last_day)s::date
        and orders.is_valid
        and orders.customer_key != 'unknown'

    group by days.span_number

),

final as (

    select
        totals.*,
        coalesce(customers.customer_count, 0) as customer_count,
        (totals.gross_revenue / nullif(totals.order_count, 0))::number(18, 4) as average_order_value,
        (totals.converted_session_count::number(18, 8) / nullif(totals.session_count, 0))::number(18, 8)
            as conversion_rate,
        (totals.abandoned_cart_count::number(18, 8) / nullif(totals.cart_count - totals.open_cart_count, 0))::number(
            18, 8
        ) as cart_abandonment_rate

    from totals
    left join customers on totals.span_number = customers.span_number

)

select * from final

order by span_number
