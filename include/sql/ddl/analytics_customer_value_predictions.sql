-- One row a purchase history that some customer has: what BG/NBD and MBG/NBD predict of it, as of the newest fit.
create table if not exists {{ database }}.analytics.customer_value_predictions (
    as_of_date date not null,
    repeat_purchase_days number(18, 0) not null,
    purchase_span_days number(18, 0) not null,
    observed_days number(18, 0) not null,
    probability_alive_bg_nbd float,
    expected_orders_90_days_bg_nbd float,
    expected_orders_365_days_bg_nbd float,
    probability_alive_mbg_nbd float,
    expected_orders_90_days_mbg_nbd float,
    expected_orders_365_days_mbg_nbd float
)
