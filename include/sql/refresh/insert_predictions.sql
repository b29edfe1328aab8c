-- Predictions as one bound JSON array of arrays, in the order of the columns: thousands of rows are one value to parse.
insert into {{ database }}.analytics.customer_value_predictions (
    as_of_date,
    repeat_purchase_days,
    purchase_span_days,
    observed_days,
    probability_alive_bg_nbd,
    expected_orders_90_days_bg_nbd,
    expected_orders_365_days_bg_nbd,
    probability_alive_mbg_nbd,
    expected_orders_90_days_mbg_nbd,
    expected_orders_365_days_mbg_nbd
)
select
    %(as_of_date)s::date,
    value[0]::number(18, 0),
    value[1]::number(18, 0),
    value[2]::number(18, 0),
    value[3]::float,
    value[4]::float,
    value[5]::float,
    value[6]::float,
    value[7]::float,
    value[8]::float
from table(flatten(input => parse_json(%(rows)s)))
