-- Carts opened in spans of days and what became of them, split as asked; rates from the sums.
with spans as (

    select
        value[0]::number(18, 0) as span_number,
        value[1]::varchar::date as start_date,
        value[2]::varchar::date as end_date

    from table(flatten(input => parse_json(%(spans)s)))

),

carts as (

    select
        spans.span_number,
        held.*

    from spans
    inner join marts.cart_abandonment as held on held.cart_day between spans.start_date and spans.end_date

    where
        -- From the first to the last day of all spans: a join alone would read every day that there is.
        held.cart_day between %(first_day)s::date and %(last_day)s::date
        and (%(device)s is null or held.device_category = %(device)s)
        and (%(channel)s is null or held.channel = %(channel)s)

),

sums as (

    select
        span_number,
        {{ split }} as split_value,
        sum(cart_count) as cart_count,
        sum(bought_cart_count) as bought_cart_count,
        sum(abandoned_cart_count) as abandoned_cart_count,
        sum(open_cart_count) as open_cart_count,
        sum(recovered_cart_count) as recovered_cart_count,
        sum(recovery_pending_cart_count) as recovery_pending_cart_count,
        sum(lost_cart_count) as lost_cart_count,
        sum(cart_value)::number(18, 4) as cart_value,
        sum(abandoned_value)::number(18, 4) as abandoned_value,
        sum(recovered_value)::number(18, 4) as recovered_value,
        sum(lost_value)::number(18, 4) as lost_value

    from carts

    group by span_number, split_value

),

final as (

    select
        sums.*,
        (sums.abandoned_cart_count::number(18, 8) / nullif(sums.cart_count - sums.open_cart_count, 0))::number(18, 8)
            as abandonment_rate,
        iff(
            sums.recovery_pending_cart_count = 0,
            (sums.recovered_cart_count::number(18, 8) / nullif(sums.abandoned_cart_count, 0))::number(18, 8),
            null
        ) as recovery_rate

    from sums

)

select * from final

order by span_number, split_value
