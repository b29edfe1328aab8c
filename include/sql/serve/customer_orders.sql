-- The last orders of one customer, valid or not, the newest first.
select {{ columns }}

from marts.fct_orders

where
    customer_key = %(customer_id)s
    and order_day <= %(data_through)s::date

order by ordered_at desc, order_id asc

limit %(limit)s
