with orders as (

    select * from {{ ref('fct_orders') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

customers as (

    select
        orders.customer_key,
        data_through.as_of_date,

        min(orders.order_day) as first_order_day,
        max(orders.order_day) as last_order_day,

        datediff('day', max(orders.order_day), data_through.as_of_date) as recency_days,
        count(*) as frequency,
        sum(orders.gross_revenue)::number(18, 4) as monetary

    from orders
    cross join data_through

    where
        orders.is_valid
        and orders.customer_key != 'unknown'
        and orders.order_day < data_through.as_of_date

    group by
        orders.customer_key,
        data_through.as_of_date

),

{{ rfm_scored() }},

final as (

    select
        customer_key,
        as_of_date,

        first_order_day,
        last_order_day,

        recency_days,
        frequency,
        monetary,

        recency_score,
        frequency_score,
        monetary_score

    from scored

)

select * from final
