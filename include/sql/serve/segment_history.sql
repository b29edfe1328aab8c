-- How many customers each segment had at the last month ends, and how many had come up or down into it.
select
    month_end,
    segment,
    count(*) as customer_count,
    count_if(segment_move = 'new') as new_count,
    count_if(segment_move = 'up') as up_count,
    count_if(segment_move = 'down') as down_count,
    sum(monetary)::number(18, 4) as gross_revenue

from marts.rfm_history

-- The month that begins after data_through, or holds its next day, is not over.
where month_end >= dateadd('month', -%(months)s, date_trunc('month', dateadd('day', 1, %(data_through)s::date)))

group by month_end, segment

order by month_end, segment
