with summary as (

    select * from {{ ref('int_customer_value_summary') }}

),

lifetime_values as (

    select * from {{ ref('customer_lifetime_value') }}

),

measured as (

    select
        summary.customer_key,
        summary.last_purchase_day,
        summary.repeat_purchase_days,
        summary.longest_gap_days,
        datediff('day', summary.last_purchase_day, summary.as_of_date) as recency_days,
        (
            summary.purchase_span_days::number(18, 8) / nullif(summary.repeat_purchase_days, 0)
        )::number(18, 2) as mean_gap_days,

        lifetime_values.probability_alive_mbg_nbd as probability_alive,
        lifetime_values.gross_revenue,
        lifetime_values.expected_value_365_days,

        summary.as_of_date

    from summary
    inner join lifetime_values on summary.customer_key = lifetime_values.customer_key

),

-- One gap says nothing of what is usual: only who bought three times can be silent for longer than ever before.
judged as (

    select
        *,
        repeat_purchase_days >= 2 and recency_days > longest_gap_days as is_overdue,
        case
            when probability_alive >= {{ var('churn_low_from') }} then 1
            when probability_alive >= {{ var('churn_medium_from') }} then 2
            when probability_alive is not null then 3
            when repeat_purchase_days >= 2 then 1
        end as level_without_gaps

    from measured

),

final as (

    select
        customer_key,

        case least(level_without_gaps + iff(is_overdue, 1, 0), 3)
            when 1 then 'low'
            when 2 then 'medium'
            when 3 then 'high'
            else 'unknown'
        end as risk_class,
        iff(
            probability_alive is null,
            'no probability, for want of a model',
            'still a customer with a probability of ' || round(probability_alive * 100)::number(3, 0)::varchar || ' %'
        )
        || '; last purchase ' || recency_days::varchar || ' days ago'
        || iff(
            repeat_purchase_days = 0,
            '; bought on one day only',
            '; buys every ' || round(mean_gap_days)::number(18, 0)::varchar || ' days on average'
        )
        || iff(
            is_overdue,
            '; silent for longer than ever before (' || longest_gap_days::varchar || ' days)',
            ''
        ) as reasons,

        probability_alive,
        recency_days,
        mean_gap_days,
        longest_gap_days,
        is_overdue,

        repeat_purchase_days,
        gross_revenue,
        expected_value_365_days,

        last_purchase_day,
        as_of_date

    from judged

)

select * from final
