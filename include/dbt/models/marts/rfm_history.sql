with orders as (

    select * from {{ ref('fct_orders') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

segments as (

    select * from {{ ref('rfm_segments') }}

),

month_ends as (

    select
        date_day as month_end,
        month_start,
        dateadd('day', 1, date_day)::date as as_of_date

    from dates

    where
        is_month_end
        and is_complete

),

customer_months as (

    select
        customer_key,
        date_trunc('month', order_day)::date as month_start,
        min(order_day) as first_order_day,
        max(order_day) as last_order_day,
        count(*) as order_count,
        sum(gross_revenue) as gross_revenue

    from orders

    where
        is_valid
        and customer_key != 'unknown'

    group by
        customer_key,
        date_trunc('month', order_day)::date

),

first_months as (

    select
        customer_key,
        min(month_start) as first_month

    from customer_months

    group by customer_key

),

-- Every month end since the customer's first order, with what the customer did up to then.
so_far as (

    select
        first_months.customer_key,
        month_ends.month_end,
        month_ends.as_of_date,
        min(customer_months.first_order_day) over (
            partition by first_months.customer_key order by month_ends.month_end
            rows between unbounded preceding and current row
        ) as first_order_day,
        max(customer_months.last_order_day) over (
            partition by first_months.customer_key order by month_ends.month_end
            rows between unbounded preceding and current row
        ) as last_order_day,
        sum(coalesce(customer_months.order_count, 0)) over (
            partition by first_months.customer_key order by month_ends.month_end
            rows between unbounded preceding and current row
        ) as frequency,
        sum(coalesce(customer_months.gross_revenue, 0)) over (
            partition by first_months.customer_key order by month_ends.month_end
            rows between unbounded preceding and current row
        ) as monetary

    from first_months
    inner join month_ends on first_months.first_month <= month_ends.month_start
    left join customer_months
        on
            first_months.customer_key = customer_months.customer_key
            and month_ends.month_start = customer_months.month_start

),

customers as (

    select
        *,
        datediff('day', last_order_day, as_of_date) as recency_days

    from so_far

),

{{ rfm_scored() }},

{{ rfm_matched() }},

followed as (

    select
        *,
        lag(segment) over (partition by customer_key order by month_end) as previous_segment,
        lag(segment_order) over (partition by customer_key order by month_end) as previous_segment_order

    from matched

),

final as (

    select
        customer_key,
        month_end,

        segment,
        previous_segment,
        case
            when previous_segment_order is null then 'new'
            when segment_order < previous_segment_order then 'up'
            when segment_order > previous_segment_order then 'down'
            else 'same'
        end as segment_move,

        recency_days::number(18, 0) as recency_days,
        frequency::number(18, 0) as frequency,
        monetary::number(18, 4) as monetary,

        recency_score::number(18, 0) as recency_score,
        frequency_score::number(18, 0) as frequency_score,
        monetary_score::number(18, 0) as monetary_score,
        rfm_score,

        first_order_day,
        last_order_day,
        as_of_date

    from followed

)

select * from final
