-- depends_on: {{ ref('int_changed_visitors') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'changed': 'int_changed_visitors',
        'replaced_where': 'target.user_pseudo_id = changed.user_pseudo_id',
    },
    on_schema_change='append_new_columns',
) }}

with web_events as (

    {{ events_of_changed_visitors() }}

),

exposures as (

    select
        experiment_id,
        user_pseudo_id,
        experiment_variant,
        event_at,
        event_sequence,
        event_id

    from web_events

    where
        experiment_id is not null
        and experiment_variant is not null
        and user_pseudo_id is not null

),

first_exposures as (

    select
        experiment_id,
        user_pseudo_id,
        experiment_variant,
        event_at as exposed_at,
        dateadd('day', {{ var('experiment_window_days') }}, event_at) as window_ends_at

    from exposures

    qualify row_number() over (
        partition by experiment_id, user_pseudo_id order by event_at, event_sequence, event_id
    ) = 1

),

crossovers as (

    select
        exposures.experiment_id,
        exposures.user_pseudo_id,
        min(exposures.event_at) as crossed_over_at

    from exposures
    inner join first_exposures
        on
            exposures.experiment_id = first_exposures.experiment_id
            and exposures.user_pseudo_id = first_exposures.user_pseudo_id

    where exposures.experiment_variant != first_exposures.experiment_variant

    group by
        exposures.experiment_id,
        exposures.user_pseudo_id

),

-- A receipt that is looked at again reports its purchase again: the first report counts.
purchases as (

    select
        user_pseudo_id,
        purchase_revenue,
        event_at as purchased_at

    from web_events

    where event_name = 'purchase'

    qualify row_number() over (
        partition by user_pseudo_id, coalesce(transaction_id, event_id) order by event_at, event_sequence, event_id
    ) = 1

),

results as (

    select
        first_exposures.experiment_id,
        first_exposures.user_pseudo_id,
        count(*) as purchase_count,
        sum(purchases.purchase_revenue) as purchase_revenue

    from first_exposures
    inner join purchases
        on
            first_exposures.user_pseudo_id = purchases.user_pseudo_id
            and purchases.purchased_at between first_exposures.exposed_at and first_exposures.window_ends_at

    group by
        first_exposures.experiment_id,
        first_exposures.user_pseudo_id

),

final as (

    select
        first_exposures.experiment_id,
        first_exposures.user_pseudo_id,
        first_exposures.experiment_variant,

        coalesce(results.purchase_count, 0) as purchase_count,
        coalesce(results.purchase_revenue, 0)::number(18, 4) as purchase_revenue,

        results.purchase_count is not null as is_converted,

        {{ store_day('first_exposures.exposed_at') }} as exposed_day,
        {{ store_day('first_exposures.window_ends_at') }} as window_end_day,
        {{ store_day('crossovers.crossed_over_at') }} as crossover_day,
        first_exposures.exposed_at,
        first_exposures.window_ends_at,
        crossovers.crossed_over_at

    from first_exposures
    left join crossovers
        on
            first_exposures.experiment_id = crossovers.experiment_id
            and first_exposures.user_pseudo_id = crossovers.user_pseudo_id
    left join results
        on
            first_exposures.experiment_id = results.experiment_id
            and first_exposures.user_pseudo_id = results.user_pseudo_id

)

select * from final
