{{ config(enabled=var('account_usage')) }}

with queries as (

    select * from {{ source('account_usage', 'query_attribution_history') }}

),

metering as (

    select * from {{ source('account_usage', 'warehouse_metering_history') }}

),

tagged as (

    select
        convert_timezone('UTC', start_time)::date as usage_day,
        warehouse_name,
        try_parse_json(query_tag) as payer,
        credits_attributed_compute::number(38, 9) as compute_credits,
        coalesce(credits_used_query_acceleration, 0)::number(38, 9) as acceleration_credits

    from queries

),

used as (

    select
        usage_day,
        warehouse_name,
        payer:dag::varchar as dag_id,
        payer:run::varchar as run_id,
        payer:task::varchar as task_id,
        payer:model::varchar as model_name,
        coalesce(payer:dag::varchar, payer:job::varchar, 'api ' || payer:api::varchar, 'untagged') as charged_to,
        compute_credits,
        acceleration_credits

    from tagged

),

costs as (

    select
        usage_day,
        warehouse_name,
        charged_to,
        dag_id,
        run_id,
        task_id,
        model_name,

        count(*) as query_count,
        sum(compute_credits)::number(38, 9) as compute_credits,
        sum(acceleration_credits)::number(38, 9) as acceleration_credits

    from used

    group by
        usage_day,
        warehouse_name,
        charged_to,
        dag_id,
        run_id,
        task_id,
        model_name

),

metered as (

    select
        convert_timezone('UTC', start_time)::date as usage_day,
        warehouse_name,
        sum(credits_used_compute)::number(38, 9) as compute_credits

    from metering

    group by
        convert_timezone('UTC', start_time)::date,
        warehouse_name

),

attributed as (

    select
        usage_day,
        warehouse_name,
        sum(compute_credits)::number(38, 9) as compute_credits

    from costs

    group by
        usage_day,
        warehouse_name

),

-- What no query is charged with: a warehouse that waits to be suspended, and queries too short to be measured.
idle as (

    select
        metered.usage_day,
        metered.warehouse_name,
        'idle' as charged_to,
        null::varchar as dag_id,
        null::varchar as run_id,
        null::varchar as task_id,
        null::varchar as model_name,

        0 as query_count,
        (metered.compute_credits - coalesce(attributed.compute_credits, 0))::number(38, 9) as compute_credits,
        0::number(38, 9) as acceleration_credits

    from metered
    left join attributed
        on
            metered.usage_day = attributed.usage_day
            and metered.warehouse_name = attributed.warehouse_name

),

unioned as (

    select * from costs

    union all

    select * from idle

),

final as (

    select
        usage_day,
        warehouse_name,
        charged_to,
        dag_id,
        run_id,
        task_id,
        model_name,
        query_count::number(18, 0) as query_count,
        compute_credits,
        acceleration_credits

    from unioned

)

select * from final
