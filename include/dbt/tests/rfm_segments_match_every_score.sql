-- Whatever the three scores, there is a segment for them, and at one priority only one.
{{ config(tags=['refresh_rfm']) }}

with scores as (

    select row_number() over (order by seq4()) as score

    from table(generator(rowcount => 5))

),

combinations as (

    select
        recency_scores.score as recency_score,
        frequency_scores.score as frequency_score,
        monetary_scores.score as monetary_score

    from scores as recency_scores
    cross join scores as frequency_scores
    cross join scores as monetary_scores

),

final as (

    select
        combinations.recency_score,
        combinations.frequency_score,
        combinations.monetary_score,
        count(segments.segment) as segment_count

    from combinations
    left join {{ ref('rfm_segments') }} as segments
        on
            combinations.recency_score between segments.recency_from and segments.recency_to
            and combinations.frequency_score between segments.frequency_from and segments.frequency_to
            and combinations.monetary_score between segments.monetary_from and segments.monetary_to

    group by
        combinations.recency_score,
        combinations.frequency_score,
        combinations.monetary_score

    having
        count(segments.segment) = 0
        or count(segments.segment) != count(distinct segments.segment_order)

)

select * from final
