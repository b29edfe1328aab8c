-- Sessions at each stage of the purchase funnel, split as asked. A session has the time of every stage it reached.
select
    {{ split }} as split_value,
    count(*) as visit,
    count(view_item_at) as view_item,
    count(add_to_cart_at) as add_to_cart,
    count(begin_checkout_at) as begin_checkout,
    count(purchase_at) as purchase

from marts.fct_sessions

where
    session_day between %(start_date)s::date and %(end_date)s::date
    and session_day <= %(data_through)s::date
    and (%(device)s is null or coalesce(device_category, 'unknown') = %(device)s)
    and (%(channel)s is null or channel = %(channel)s)

group by split_value

order by split_value
