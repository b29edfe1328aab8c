-- The last refunds of one customer, the newest first.
select {{ columns }}

from marts.fct_refunds

where
    customer_key = %(customer_id)s
    and refund_day <= %(data_through)s::date

order by refunded_at desc, refund_id asc

limit %(limit)s
