-- Sessions of spans of days at each stage of the purchase funnel, split as asked. A session has the time of every stage
-- it reached.
with spans as (

    select
        value[0]::number(18, 0) as span_number,
        value[1]::varchar::date as start_date,
        value[2]::varchar::date as end_date

    from table(flatten(input => parse_json(%(spans)s)))

)

select
    spans.span_number,
    {{ split }} as split_value,
    count(*) as visit,
    count(sessions.view_item_at) as view_item,
    count(sessions.add_to_cart_at) as add_to_cart,
    count(sessions.begin_checkout_at) as begin_checkout,
    count(sessions.purchase_at) as purchase

from spans
inner join marts.fct_sessions as sessions on sessions.session_day between spans.start_date and spans.end_date

where
    -- From the first to the last day of all spans: a join alone would read every day that there is.
    sessions.session_day between %(first_day)s::date and %(last_day)s::date
    and sessions.session_day <= %(data_through)s::date
    and (%(device)s is null or coalesce(sessions.device_category, 'unknown') = %(device)s)
    and (%(channel)s is null or sessions.channel = %(channel)s)

group by spans.span_number, split_value

order by spans.span_number, split_value
