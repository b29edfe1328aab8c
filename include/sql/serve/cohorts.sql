-- The months of the cohorts whose first month lies in a span.
select {{ columns }}

from marts.cohort_retention

where
    cohort_month between %(first_period)s::date and %(end_date)s::date
    and month_number <= %(months)s

order by cohort_month, month_number
