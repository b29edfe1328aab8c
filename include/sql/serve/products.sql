-- A page of products with the sums of the months that a span touches; rates from the sums.
with sums as (

    select
        product_key,
        max(product_name) as product_name,
        max(category) as category,
        max(subcategory) as subcategory,
        sum(view_count) as view_count,
        sum(cart_count) as cart_count,
        sum(purchase_count) as purchase_count,
        sum(viewing_session_count) as viewing_session_count,
        sum(carting_session_count) as carting_session_count,
        sum(buying_session_count) as buying_session_count,
        sum(order_count) as order_count,
        sum(unit_count) as unit_count,
        sum(gross_revenue)::number(18, 4) as gross_revenue,
        sum(discount_amount)::number(18, 4) as discount_amount,
        sum(refund_count) as refund_count,
        sum(refund_amount)::number(18, 4) as refund_amount,
        sum(net_revenue)::number(18, 4) as net_revenue,
        max(last_sale_day) as last_sale_day

    from marts.agg_product_performance

    where
        month_start between %(first_period)s::date and %(end_date)s::date
        and (%(category)s is null or category = %(category)s)

    group by product_key

),

final as (

    select
        sums.*,
        (sums.carting_session_count::number(18, 8) / nullif(sums.viewing_session_count, 0))::number(18, 8)
            as view_to_cart_rate,
        (sums.buying_session_count::number(18, 8) / nullif(sums.viewing_session_count, 0))::number(18, 8)
            as conversion_rate

    from sums

)

select {{ columns }}

from final

order by {{ sort }} {{ direction }} nulls last, product_key asc

limit %(limit)s offset %(offset)s
