-- The best customers, the best first.
select {{ columns }}

from marts.mart_top_customers

order by customer_rank

limit %(limit)s
