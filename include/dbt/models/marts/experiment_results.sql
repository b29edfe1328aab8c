{% set measures = [
    'conversion_difference',
    'conversion_difference_low',
    'conversion_difference_high',
    'conversion_z',
    'conversion_p_value',
    'conversion_lift',
    'conversion_lift_low',
    'conversion_lift_high',
    'revenue_difference',
    'revenue_difference_low',
    'revenue_difference_high',
    'revenue_t',
    'revenue_degrees_of_freedom',
    'revenue_p_value',
    'revenue_lift',
] %}

with arms as (

    select * from {{ ref('int_experiment_arms') }}

),

statistics as (

    select * from {{ source('analytics', 'experiment_statistics') }}

),

-- The split is that of the whole experiment, so the control has it, too.
joined as (

    select
        arms.*,
        statistics.verdict,
        {% for measure in measures %}
            statistics.{{ measure }},
        {% endfor %}
        max(statistics.split_chi_square) over (partition by arms.experiment_id) as split_chi_square,
        max(statistics.split_p_value) over (partition by arms.experiment_id) as split_p_value,
        count_if(
            statistics.verdict = 'no verdict: sample ratio mismatch'
        ) over (partition by arms.experiment_id) > 0 as has_sample_ratio_mismatch

    from arms
    left join statistics
        on
            arms.experiment_id = statistics.experiment_id
            and arms.experiment_variant = statistics.experiment_variant
            and arms.as_of_date = statistics.as_of_date

),

final as (

    select
        experiment_id,
        experiment_variant,
        is_control,

        coalesce(verdict, iff(is_control, 'control', 'not evaluated yet')) as verdict,

        assigned_count,
        crossover_count,
        immature_count,
        unit_count,
        conversion_count,
        (conversion_count::number(18, 8) / nullif(unit_count, 0))::number(18, 8) as conversion_rate,
        purchase_revenue,
        (purchase_revenue::number(18, 4) / nullif(unit_count, 0))::number(18, 4) as revenue_per_unit,

        has_sample_ratio_mismatch,
        split_chi_square,
        split_p_value,
        {% for measure in measures %}
            {{ measure }},
        {% endfor %}

        first_exposed_day,
        last_exposed_day,
        as_of_date

    from joined

)

select * from final
