-- A page of customers with their RFM scores; the dates are of the last order.
select {{ columns }}

from marts.rfm_analysis

where
    (%(segment)s is null or segment = %(segment)s)
    and (%(customer_id)s is null or customer_key = %(customer_id)s)
    and (%(start_date)s is null or last_order_day >= %(start_date)s::date)
    and (%(end_date)s is null or last_order_day <= %(end_date)s::date)

order by {{ sort }} {{ direction }} nulls last, customer_key asc

limit %(limit)s offset %(offset)s
