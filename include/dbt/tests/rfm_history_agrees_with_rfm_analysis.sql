-- When the last published day is a month end, the history's last month is the present.
{{ config(tags=['refresh_rfm']) }}

with data_through as (

    select * from {{ ref('int_data_through') }}

),

histories as (

    select * from {{ ref('rfm_history') }}

),

past as (

    select
        histories.customer_key,
        histories.segment,
        histories.rfm_score,
        histories.monetary

    from histories
    inner join data_through on histories.as_of_date = data_through.as_of_date

),

present as (

    select
        customer_key,
        segment,
        rfm_score,
        monetary

    from {{ ref('rfm_analysis') }}

    where day(as_of_date) = 1

),

final as (

    select
        coalesce(past.customer_key, present.customer_key) as customer_key,
        past.segment as past_segment,
        present.segment as present_segment

    from past
    full outer join present on past.customer_key = present.customer_key

    where
        past.customer_key is null
        or present.customer_key is null
        or past.segment != present.segment
        or past.rfm_score != present.rfm_score
        or past.monetary != present.monetary

)

select * from final
