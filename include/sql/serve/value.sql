-- A page of customers with what they brought and what is expected of them.
select {{ columns }}

from marts.customer_lifetime_value

order by {{ sort }} {{ direction }} nulls last, customer_key asc

limit %(limit)s offset %(offset)s
