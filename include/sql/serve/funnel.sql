-- Sessions of spans of days at each stage of the purchase funnel, split as asked. A session has the time of every stage
-- it reached.
with spans as (

    select
        value[0]::number(18, 0) as span_number,
        value[1]::varchar::date as start_date,
        value[2]::varchar::date as end_date

    from table(flatten(input => parse_json(%(spans)s)))

),

sessions as (

    select
        spans.span_number,
        held.*

    from spans
    inner join marts.fct_sessions as held on held.session_day between spans.start_date and spans.end_date

    where
        -- From the first to the last day of all spans: a join alone would read every day that there is.
        held.session_day between %(first_day)s::date and %(last_day)s::date
        and held.session_day <= %(data_through)s::date
        and (%(device)s is null or coalesce(held.device_category, 'unknown') = %(device)s)
        and (%(channel)s is null or held.channel = %(channel)s)

)

select
    span_number,
    {{ split }} as split_value,
    count(*) as visit,
    count(view_item_at) as view_item,
    count(add_to_cart_at) as add_to_cart,
    count(begin_checkout_at) as begin_checkout,
    count(purchase_at) as purchase

from sessions

group by span_number, split_value

order by span_number, split_value
