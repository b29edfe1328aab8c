-- What customers spend on their repeat purchase days, with the number of customers who are alike.
select
    repeat_purchase_days,
    mean_repeat_revenue,
    count(*) as customer_count
from intermediate.int_customer_value_summary
where repeat_purchase_days > 0
group by
    repeat_purchase_days,
    mean_repeat_revenue
order by
    repeat_purchase_days,
    mean_repeat_revenue
