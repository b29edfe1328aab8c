-- A page of customers with their visits and preferences; the dates are of the last activity.
with behavior as (

    select
        *,
        dateadd('day', -days_since_last_activity, as_of_date)::date as last_activity_day

    from marts.customer_behavior

)

select {{ columns }}

from behavior

where
    (%(customer_id)s is null or customer_key = %(customer_id)s)
    and (
        %(segment)s is null
        or customer_key in (select customer_key from marts.rfm_analysis where segment = %(segment)s)
    )
    and (%(start_date)s is null or last_activity_day >= %(start_date)s::date)
    and (%(end_date)s is null or last_activity_day <= %(end_date)s::date)

order by {{ sort }} {{ direction }} nulls last, customer_key asc

limit %(limit)s offset %(offset)s
