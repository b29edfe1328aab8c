-- All of the segments in one question, each row of one part: segments (the one that brought most first), pairs of
-- scores, and month ends. Shares are of all customers, whichever segment is asked for.
with totals as (

    select
        segment,
        count(*) as customer_count,
        sum(monetary)::number(18, 4) as gross_revenue,
        sum(frequency) as order_count,
        sum(recency_days) as recency_days

    from marts.rfm_analysis

    group by segment

),

segments as (

    select
        row_number() over (order by gross_revenue desc, segment asc) as part_position,
        segment,
        customer_count,
        gross_revenue,
        order_count,
        (customer_count::number(18, 8) / sum(customer_count) over ())::number(18, 8) as customer_share,
        (gross_revenue / nullif(sum(gross_revenue) over (), 0))::number(18, 8) as revenue_share,
        (gross_revenue / nullif(order_count, 0))::number(18, 4) as average_order_value,
        (order_count::number(18, 8) / customer_count)::number(18, 8) as orders_per_customer,
        (recency_days::number(18, 8) / customer_count)::number(18, 8) as mean_recency_days

    from totals

    qualify %(segment)s is null or segment = %(segment)s

),

grid as (

    select
        row_number() over (order by recency_score desc, frequency_score desc) as part_position,
        recency_score,
        frequency_score,
        count(*) as customer_count,
        sum(monetary)::number(18, 4) as gross_revenue

    from marts.rfm_analysis

    where %(segment)s is null or segment = %(segment)s

    group by recency_score, frequency_score

),

history as (

    select
        row_number() over (order by month_end, segment) as part_position,
        month_end,
        segment,
        count(*) as customer_count,
        count_if(segment_move = 'new') as new_count,
        count_if(segment_move = 'up') as up_count,
        count_if(segment_move = 'down') as down_count,
        sum(monetary)::number(18, 4) as gross_revenue

    from marts.rfm_history

    where
        (%(segment)s is null or segment = %(segment)s)
        and (%(end_date)s is null or month_end <= %(end_date)s::date)
        -- The month that begins after the last day, or holds the day after it, is not over.
        and month_end >= coalesce(
            %(start_date)s::date,
            dateadd('month', -%(months)s, date_trunc('month', dateadd('day', 1, %(last_day)s::date)))::date
        )

    group by month_end, segment

)

select {{ segments }}

from segments

union all by name

select {{ grid }}

from grid

union all by name

select {{ history }}

from history

order by part, part_position
