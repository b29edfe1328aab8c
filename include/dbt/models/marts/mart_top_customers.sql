with customers as (

    select * from {{ ref('rfm_analysis') }}

),

shares as (

    select
        *,
        recency_score + frequency_score + monetary_score as score_total,
        (monetary::number(26, 8) / nullif(sum(monetary) over (), 0))::number(18, 8) as contribution_share

    from customers

),

ranked as (

    select
        *,
        row_number() over (order by score_total desc, monetary desc, customer_key asc) as customer_rank

    from shares

),

final as (

    select
        customer_rank::number(18, 0) as customer_rank,
        customer_key,

        segment,
        case
            when recency_days <= {{ var('highly_active_days') }} then 'Highly Active'
            when recency_days <= {{ var('active_days') }} then 'Active'
            else 'Inactive'
        end as customer_activity_status,
        iff(monetary_score >= {{ var('high_value_score') }}, 'High Value', 'Low Value') as customer_value_segment,

        rfm_score,
        score_total::number(18, 0) as score_total,
        contribution_share,

        recency_days,
        frequency,
        monetary,
        (monetary / nullif(frequency, 0))::number(18, 4) as average_order_value,

        first_order_day,
        last_order_day,
        as_of_date

    from ranked

    where customer_rank <= {{ var('top_customer_count') }}

)

select * from final
