-- A page of customers with their visits and preferences; the dates are of the last activity.
with members as (

    select customer_key

    from marts.rfm_analysis

    where segment = %(segment)s

),

customers as (

    select
        behavior.*,
        members.customer_key is not null as is_member,
        dateadd('day', -behavior.days_since_last_activity, behavior.as_of_date)::date as last_activity_day

    from marts.customer_behavior as behavior
    left join members on behavior.customer_key = members.customer_key

)

select {{ columns }}

from customers

where
    (%(customer_id)s is null or customer_key = %(customer_id)s)
    and (%(segment)s is null or is_member)
    and (%(start_date)s is null or last_activity_day >= %(start_date)s::date)
    and (%(end_date)s is null or last_activity_day <= %(end_date)s::date)

order by {{ sort }} {{ direction }} nulls last, customer_key asc

limit %(limit)s offset %(offset)s
