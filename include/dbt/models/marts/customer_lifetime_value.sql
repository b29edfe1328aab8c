with summary as (

    select * from {{ ref('int_customer_value_summary') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

predictions as (

    select * from {{ source('analytics', 'customer_value_predictions') }}

),

parameters as (

    select * from {{ source('analytics', 'customer_value_parameters') }}

),

order_totals as (

    select
        orders.customer_key,
        count(*) as order_count,
        sum(orders.gross_revenue)::number(18, 4) as gross_revenue,
        sum(orders.discount_amount)::number(18, 4) as discount_amount

    from orders
    inner join summary on orders.customer_key = summary.customer_key

    where
        orders.is_valid
        and orders.order_day < summary.as_of_date

    group by orders.customer_key

),

refund_totals as (

    select
        refunds.customer_key,
        sum(refunds.refund_amount)::number(18, 4) as refund_amount

    from refunds
    inner join summary on refunds.customer_key = summary.customer_key

    where
        refunds.is_valid
        and refunds.refund_day < summary.as_of_date

    group by refunds.customer_key

),

purchase_model as (

    select * from parameters

    where model_name = 'bg_nbd'

),

spending_model as (

    select * from parameters

    where model_name = 'gamma_gamma'

),

-- Gamma-Gamma's mean given x days of this mean: the more days, the more the customer's own mean weighs.
expected as (

    select
        summary.customer_key,

        order_totals.order_count,
        order_totals.gross_revenue,
        order_totals.discount_amount,
        coalesce(refund_totals.refund_amount, 0)::number(18, 4) as refund_amount,

        summary.first_purchase_day,
        summary.last_purchase_day,
        summary.repeat_purchase_days,
        summary.purchase_span_days,
        summary.observed_days,

        predictions.probability_alive_bg_nbd,
        predictions.probability_alive_mbg_nbd,
        predictions.expected_orders_90_days_bg_nbd,
        predictions.expected_orders_365_days_bg_nbd,
        predictions.expected_orders_90_days_mbg_nbd,
        predictions.expected_orders_365_days_mbg_nbd,
        spending_model.p
        * (spending_model.v + summary.repeat_revenue::float)
        / (spending_model.p * summary.repeat_purchase_days + spending_model.q - 1) as expected_order_value,

        case
            when predictions.as_of_date is null or spending_model.model_name is null then 'not fitted yet'
            when predictions.expected_orders_90_days_bg_nbd is null then purchase_model.failure_reason
            when spending_model.p is null then spending_model.failure_reason
            else 'predicted'
        end as prediction_status,
        purchase_model.fitted_as_of_date as purchases_fitted_as_of_date,
        spending_model.fitted_as_of_date as spending_fitted_as_of_date,
        summary.as_of_date

    from summary
    inner join order_totals on summary.customer_key = order_totals.customer_key
    left join refund_totals on summary.customer_key = refund_totals.customer_key
    left join predictions
        on
            summary.as_of_date = predictions.as_of_date
            and summary.repeat_purchase_days = predictions.repeat_purchase_days
            and summary.purchase_span_days = predictions.purchase_span_days
            and summary.observed_days = predictions.observed_days
    left join purchase_model on summary.as_of_date = purchase_model.as_of_date
    left join spending_model on summary.as_of_date = spending_model.as_of_date

),

final as (

    select
        customer_key,

        order_count,
        gross_revenue,
        discount_amount,
        refund_amount,
        (gross_revenue - discount_amount - refund_amount)::number(18, 4) as net_revenue,

        first_purchase_day,
        last_purchase_day,
        repeat_purchase_days,
        purchase_span_days,
        observed_days,

        probability_alive_bg_nbd,
        probability_alive_mbg_nbd,

        expected_orders_90_days_bg_nbd as expected_orders_90_days,
        expected_orders_365_days_bg_nbd as expected_orders_365_days,
        expected_orders_90_days_mbg_nbd,
        expected_orders_365_days_mbg_nbd,

        expected_order_value::number(18, 4) as expected_order_value,
        (expected_orders_90_days_bg_nbd * expected_order_value)::number(18, 4) as expected_value_90_days,
        (expected_orders_365_days_bg_nbd * expected_order_value)::number(18, 4) as expected_value_365_days,

        prediction_status,
        purchases_fitted_as_of_date,
        spending_fitted_as_of_date,
        as_of_date

    from expected

)

select * from final
