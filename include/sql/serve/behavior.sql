-- A page of customers with their visits and preferences.
select {{ columns }}

from marts.customer_behavior

where %(customer_id)s is null or customer_key = %(customer_id)s

order by {{ sort }} {{ direction }} nulls last, customer_key asc

limit %(limit)s offset %(offset)s
