with orders as (

    select * from {{ ref('fct_orders') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

purchase_days as (

    select
        orders.customer_key,
        orders.order_day,
        data_through.data_through,
        data_through.as_of_date,
        sum(orders.gross_revenue)::number(18, 4) as gross_revenue

    from orders
    cross join data_through

    where
        orders.is_valid
        and orders.customer_key != 'unknown'
        and orders.order_day < data_through.as_of_date

    group by
        orders.customer_key,
        orders.order_day,
        data_through.data_through,
        data_through.as_of_date

),

followed as (

    select
        *,
        lag(order_day) over (partition by customer_key order by order_day) as previous_order_day

    from purchase_days

),

final as (

    select
        customer_key,

        min(order_day) as first_purchase_day,
        max(order_day) as last_purchase_day,

        count(*) - 1 as repeat_purchase_days,
        datediff('day', min(order_day), max(order_day)) as purchase_span_days,
        datediff('day', min(order_day), data_through) as observed_days,
        max(datediff('day', previous_order_day, order_day)) as longest_gap_days,

        sum(iff(previous_order_day is null, 0, gross_revenue))::number(18, 4) as repeat_revenue,
        (
            sum(iff(previous_order_day is null, 0, gross_revenue))::number(18, 4) / nullif(count(*) - 1, 0)
        )::number(18, 8) as mean_repeat_revenue,

        as_of_date

    from followed

    group by
        customer_key,
        data_through,
        as_of_date

)

select * from final
