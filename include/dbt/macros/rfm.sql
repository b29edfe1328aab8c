{# The linter sees a macro's loops but not what they make: it cannot judge their indentation. #}
-- noqa: disable=LT02
{#
    The CTEs cuts and scored: every row of the CTE customers with a score of 1 to 5 for recency_days, frequency and monetary.
    The customers of one as_of_date are scored against each other. A score is one plus the number of 20, 40, 60 and 80 %
    quantiles (linear interpolation) that the value reaches, so equal values share a score; recency counts backwards.
#}
{% macro rfm_scored() %}
    -- Interpolated between two values, so not exact: floats, for the cuts only.
    cuts as (

        select
            as_of_date,
            {% for value in ['recency_days', 'frequency', 'monetary'] %}
                {% for share in [0.2, 0.4, 0.6, 0.8] %}
                    percentile_cont({{ share }}) within group (order by {{ value }}::float) as {{ value }}_{{ loop.index }},
                {% endfor %}
            {% endfor %}
            count(*) as customer_count

        from customers

        group by as_of_date

    ),

    scored as (

        select
            customers.*,

            5 {%- for cut in [1, 2, 3, 4] %}
                - iff(cuts.recency_days_{{ cut }} <= customers.recency_days::float, 1, 0)
            {%- endfor %} as recency_score,
            1 {%- for cut in [1, 2, 3, 4] %}
                + iff(cuts.frequency_{{ cut }} <= customers.frequency::float, 1, 0)
            {%- endfor %} as frequency_score,
            1 {%- for cut in [1, 2, 3, 4] %}
                + iff(cuts.monetary_{{ cut }} <= customers.monetary::float, 1, 0)
            {%- endfor %} as monetary_score

        from customers
        inner join cuts on customers.as_of_date = cuts.as_of_date

    )
{% endmacro %}

{#
    The CTEs score_segments and matched: every row of the CTE scored with the first segment, by segment_order, of the CTE
    segments whose ranges hold its three scores. There are 125 triples of scores at most, so these meet the segments, not the rows.
#}
{% macro rfm_matched() %}
    score_segments as (

        select
            scores.recency_score,
            scores.frequency_score,
            scores.monetary_score,
            segments.segment,
            segments.segment_order

        from (
            select distinct
                recency_score,
                frequency_score,
                monetary_score
            from scored
        ) as scores
        left join segments
            on
                scores.recency_score between segments.recency_from and segments.recency_to
                and scores.frequency_score between segments.frequency_from and segments.frequency_to
                and scores.monetary_score between segments.monetary_from and segments.monetary_to

        qualify
            row_number() over (
                partition by scores.recency_score, scores.frequency_score, scores.monetary_score
                order by segments.segment_order
            ) = 1

    ),

    matched as (

        select
            scored.*,
            scored.recency_score::varchar || scored.frequency_score::varchar || scored.monetary_score::varchar as rfm_score,
            score_segments.segment,
            score_segments.segment_order

        from scored
        inner join score_segments
            on
                scored.recency_score = score_segments.recency_score
                and scored.frequency_score = score_segments.frequency_score
                and scored.monetary_score = score_segments.monetary_score

    )
{% endmacro %}
