-- All that the marts say of one customer in one question, each row of one part; nothing where nobody has the id.
with profile as (

    select
        *,
        1 as part_position

    from marts.dim_customers

    where
        customer_key = %(customer_id)s
        and is_current

),

behavior as (

    select
        *,
        1 as part_position

    from marts.customer_behavior

    where customer_key = %(customer_id)s

),

rfm as (

    select
        *,
        1 as part_position

    from marts.rfm_analysis

    where customer_key = %(customer_id)s

),

value as (

    select
        *,
        1 as part_position

    from marts.customer_lifetime_value

    where customer_key = %(customer_id)s

),

churn as (

    select
        *,
        1 as part_position

    from marts.churn_risk

    where customer_key = %(customer_id)s

),

segment_history as (

    select
        *,
        row_number() over (order by month_end desc) as part_position

    from marts.rfm_history

    where customer_key = %(customer_id)s

    qualify part_position <= %(months)s

),

orders as (

    select
        *,
        row_number() over (order by ordered_at desc, order_id asc) as part_position

    from marts.fct_orders

    where
        customer_key = %(customer_id)s
        and order_day <= %(data_through)s::date

    qualify part_position <= %(events)s

),

refunds as (

    select
        *,
        row_number() over (order by refunded_at desc, refund_id asc) as part_position

    from marts.fct_refunds

    where
        customer_key = %(customer_id)s
        and refund_day <= %(data_through)s::date

    qualify part_position <= %(events)s

)

select {{ profile }}

from profile

union all by name

select {{ behavior }}

from behavior

union all by name

select {{ rfm }}

from rfm

union all by name

select {{ value }}

from value

union all by name

select {{ churn }}

from churn

union all by name

select {{ segment_history }}

from segment_history

union all by name

select {{ orders }}

from orders

union all by name

select {{ refunds }}

from refunds

order by part, part_position
