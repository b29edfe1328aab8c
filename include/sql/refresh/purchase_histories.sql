-- Each purchase history with the number of customers who have it; ordered, so that sums of floats come out the same.
select
    repeat_purchase_days,
    purchase_span_days,
    observed_days,
    count(*) as customer_count
from intermediate.int_customer_value_summary
group by
    repeat_purchase_days,
    purchase_span_days,
    observed_days
order by
    repeat_purchase_days,
    purchase_span_days,
    observed_days
