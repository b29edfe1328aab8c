-- Customers and money of each RFM segment, the one that brought most first.
with final as (

    select
        segment,
        count(*) as customer_count,
        sum(monetary)::number(18, 4) as gross_revenue,
        sum(frequency) as order_count,
        sum(recency_days) as recency_days

    from marts.rfm_analysis

    group by segment

)

select
    segment,
    customer_count,
    gross_revenue,
    order_count,
    (customer_count::number(18, 8) / sum(customer_count) over ())::number(18, 8) as customer_share,
    (gross_revenue / nullif(sum(gross_revenue) over (), 0))::number(18, 8) as revenue_share,
    (gross_revenue / nullif(order_count, 0))::number(18, 4) as average_order_value,
    (order_count::number(18, 8) / customer_count)::number(18, 8) as orders_per_customer,
    (recency_days::number(18, 8) / customer_count)::number(18, 8) as mean_recency_days

from final

order by gross_revenue desc, segment asc
