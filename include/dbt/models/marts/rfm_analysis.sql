with scored as (

    select * from {{ ref('int_rfm_ranked') }}

),

segments as (

    select * from {{ ref('rfm_segments') }}

),

{{ rfm_matched() }},

final as (

    select
        customer_key,

        segment,

        recency_days::number(18, 0) as recency_days,
        frequency::number(18, 0) as frequency,
        monetary,

        recency_score::number(18, 0) as recency_score,
        frequency_score::number(18, 0) as frequency_score,
        monetary_score::number(18, 0) as monetary_score,
        rfm_score,

        first_order_day,
        last_order_day,
        as_of_date

    from matched

)

select * from final
