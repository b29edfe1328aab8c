-- A page of customers with their risk of churn.
select {{ columns }}

from marts.churn_risk

where %(risk_class)s is null or risk_class = %(risk_class)s

order by {{ sort }} {{ direction }} nulls last, customer_key asc

limit %(limit)s offset %(offset)s
