with orders as (

    select * from {{ ref('fct_orders') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

-- The last day of the month decides whether the month is over.
months as (

    select
        dates.month_start,
        boolor_agg(dates.is_month_end and dates.is_complete) as is_complete

    from dates
    inner join data_through on dates.month_start <= data_through.data_through

    group by dates.month_start

),

customer_months as (

    select
        orders.customer_key,
        date_trunc('month', orders.order_day)::date as activity_month,
        sum(orders.gross_revenue) as gross_revenue

    from orders
    inner join data_through on orders.order_day <= data_through.data_through

    where
        orders.is_valid
        and orders.customer_key != 'unknown'

    group by
        orders.customer_key,
        date_trunc('month', orders.order_day)::date

),

with_cohort as (

    select
        *,
        min(activity_month) over (partition by customer_key) as cohort_month

    from customer_months

),

observed as (

    select
        cohort_month,
        activity_month,
        count(*) as customers,
        sum(gross_revenue) as gross_revenue

    from with_cohort

    group by
        cohort_month,
        activity_month

),

cohorts as (

    select
        cohort_month,
        customers as cohort_size

    from observed

    where cohort_month = activity_month

),

-- Every month since the cohort began, also one in which none of it bought.
cells as (

    select
        cohorts.cohort_month,
        cohorts.cohort_size,
        months.month_start as activity_month,
        months.is_complete,
        datediff('month', cohorts.cohort_month, months.month_start) as month_number,
        coalesce(observed.customers, 0) as observed_customers,
        coalesce(observed.gross_revenue, 0)::number(18, 4) as observed_revenue

    from cohorts
    inner join months on cohorts.cohort_month <= months.month_start
    left join observed
        on
            cohorts.cohort_month = observed.cohort_month
            and months.month_start = observed.activity_month

),

-- Dividing two whole numbers would keep six decimals only.
rated as (

    select
        *,
        (observed_customers::number(18, 8) / cohort_size)::number(18, 8) as observed_retention_rate

    from cells

),

final as (

    select
        cohort_month,
        month_number,
        activity_month,

        cohort_size,
        iff(is_complete, observed_customers, null) as customers,
        iff(is_complete, observed_retention_rate, null) as retention_rate,
        iff(is_complete, observed_revenue, null) as gross_revenue,

        observed_customers,
        observed_retention_rate,
        observed_revenue,

        is_complete

    from rated

)

select * from final
