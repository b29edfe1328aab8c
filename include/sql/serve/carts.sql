-- Carts opened in a span and what became of them, split as asked; rates from the sums.
with sums as (

    select
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

    from marts.cart_abandonment

    where
        cart_day between %(start_date)s::date and %(end_date)s::date
        and (%(device)s is null or device_category = %(device)s)
        and (%(channel)s is null or channel = %(channel)s)

    group by split_value

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

order by split_value
