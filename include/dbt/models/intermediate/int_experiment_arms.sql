with units as (

    select * from {{ ref('int_experiment_units') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

-- A unit is mature when its window is over and published; only then is it known not to have converted.
seen as (

    select
        units.experiment_id,
        units.experiment_variant,
        units.purchase_revenue,
        units.exposed_day,

        coalesce(units.crossover_day < data_through.as_of_date, false) as is_crossover,
        units.window_end_day < data_through.as_of_date as is_mature,
        units.is_converted,

        data_through.as_of_date

    from units
    cross join data_through

    where units.exposed_day < data_through.as_of_date

),

arms as (

    select
        experiment_id,
        experiment_variant,
        as_of_date,

        min(exposed_day) as first_exposed_day,
        max(exposed_day) as last_exposed_day,

        count_if(is_crossover) as crossover_count,
        count_if(not is_crossover) as assigned_count,
        count_if(not is_crossover and not is_mature) as immature_count,
        count_if(not is_crossover and is_mature) as unit_count,
        count_if(not is_crossover and is_mature and is_converted) as conversion_count,

        sum(iff(not is_crossover and is_mature, purchase_revenue, 0))::number(18, 4) as purchase_revenue,
        sum(
            iff(not is_crossover and is_mature, purchase_revenue * purchase_revenue, 0)
        )::number(38, 8) as purchase_revenue_squares

    from seen

    group by
        experiment_id,
        experiment_variant,
        as_of_date

),

final as (

    select
        experiment_id,
        experiment_variant,

        row_number() over (
            partition by experiment_id
            order by
                iff(experiment_variant = '{{ var('experiment_control_variant') }}', 0, 1),
                experiment_variant
        ) = 1 as is_control,

        assigned_count,
        crossover_count,
        immature_count,
        unit_count,
        conversion_count,
        purchase_revenue,
        purchase_revenue_squares,

        first_exposed_day,
        last_exposed_day,
        as_of_date

    from arms

)

select * from final
