-- First and last day of the purchases that a fit is made from.
select
    min(first_purchase_day) as first_day,
    max(last_purchase_day) as last_day
from intermediate.int_customer_value_summary
