-- Categories with the sums of the months that a span touches; rates and shares from the sums.
with sums as (

    select
        category,
        subcategory,
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
        sum(net_revenue)::number(18, 4) as net_revenue

    from marts.agg_category_performance

    where month_start between %(first_period)s::date and %(end_date)s::date

    group by category, subcategory

),

shares as (

    select
        sums.*,
        (sums.carting_session_count::number(18, 8) / nullif(sums.viewing_session_count, 0))::number(18, 8)
            as view_to_cart_rate,
        (sums.buying_session_count::number(18, 8) / nullif(sums.viewing_session_count, 0))::number(18, 8)
            as conversion_rate,
        (sums.gross_revenue / nullif(sum(sums.gross_revenue) over (), 0))::number(18, 8) as revenue_share,
        (sums.gross_revenue / nullif(sum(sums.gross_revenue) over (partition by sums.category), 0))::number(18, 8)
            as revenue_share_of_category

    from sums

)

select {{ columns }}

from shares

where %(category)s is null or category = %(category)s

order by gross_revenue desc, category asc, subcategory asc
