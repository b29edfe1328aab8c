-- The RFM segment of one customer at the last month ends, the newest first.
select {{ columns }}

from marts.rfm_history

where customer_key = %(customer_id)s

order by month_end desc

limit %(limit)s
