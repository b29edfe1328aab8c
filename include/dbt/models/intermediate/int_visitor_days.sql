-- depends_on: {{ ref('int_pending_batches') }}
-- depends_on: {{ ref('stg_published_days') }}
{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='visitor_day_key',
    on_schema_change='append_new_columns',
) }}

with web_events as (

    select * from {{ ref('stg_web_events') }}

),

build as (

    select * from {{ ref('int_build') }}

),

{% if is_incremental() %}
    pending_days as (

        select published_days.published_day

        from {{ ref('stg_published_days') }} as published_days
        inner join {{ ref('int_pending_batches') }} as pending_batches
            on published_days.batch_id = pending_batches.batch_id

        where published_days.table_name = 'web_events'

    ),

    -- An attempt of this build that failed may have marked rows: the moment it found stands.
    built as (

        select
            rows_before.*,
            iff(
                rows_before.build_number = build.build_number,
                rows_before.changed_from,
                rows_before.first_event_at
            ) as known_from

        from {{ this }} as rows_before
        cross join build

        where rows_before.event_day in (select pending_days.published_day from pending_days)

    ),

{% endif %}
found as (

    select
        event_day::varchar || '|' || user_pseudo_id || '|' || coalesce(identity_key, '') as visitor_day_key,
        event_day,
        user_pseudo_id,
        identity_key,
        user_id as customer_id,
        count(*) as event_count,
        min(event_at) as first_event_at

    from web_events

    {% if is_incremental() %}
        where event_day in (select pending_days.published_day from pending_days)
    {% endif %}

    group by
        event_day,
        user_pseudo_id,
        identity_key,
        user_id

),

{% if is_incremental() %}
-- What the day held before counts, too: of a visitor who is gone from it, nothing else would tell.
    final as (

        select
            coalesce(found.visitor_day_key, built.visitor_day_key) as visitor_day_key,
            coalesce(found.event_day, built.event_day) as event_day,
            coalesce(found.user_pseudo_id, built.user_pseudo_id) as user_pseudo_id,
            coalesce(found.identity_key, built.identity_key) as identity_key,
            coalesce(found.customer_id, built.customer_id) as customer_id,
            coalesce(found.event_count, 0) as event_count,
            found.first_event_at,
            least(
                coalesce(found.first_event_at, built.known_from),
                coalesce(built.known_from, found.first_event_at)
            ) as changed_from,
            build.build_number

        from found
        full outer join built on found.visitor_day_key = built.visitor_day_key
        cross join build

    )
{% else %}
    final as (

        select
            found.visitor_day_key,
            found.event_day,
            found.user_pseudo_id,
            found.identity_key,
            found.customer_id,
            found.event_count,
            found.first_event_at,
            found.first_event_at as changed_from,
            build.build_number

        from found
        cross join build

    )
{% endif %}

select * from final
