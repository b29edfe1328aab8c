-- depends_on: {{ ref('int_changed_visitors') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='event_id',
    meta={
        'changed': 'int_changed_visitors',
        'replaced_where': 'target.user_pseudo_id = changed.user_pseudo_id and target.event_at >= changed.changed_from',
    },
    on_schema_change='append_new_columns',
) }}

with web_events as (

    select * from {{ ref('stg_web_events') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

identities as (

    select * from {{ ref('int_customers_identity') }}

),

build as (

    select * from {{ ref('int_build') }}

),

final as (

    select
        web_events.event_id,
        sessions.session_key,
        web_events.user_pseudo_id,
        coalesce(identities.customer_key, 'unknown') as customer_key,
        web_events.transaction_id,

        web_events.event_name,
        web_events.page_location,
        web_events.items,
        web_events.device_category,
        web_events.country,
        web_events.traffic_source,
        web_events.traffic_medium,
        web_events.experiment_id,
        web_events.experiment_variant,

        web_events.session_number,
        web_events.purchase_revenue,

        web_events.event_day,
        web_events.event_at,
        web_events.event_sequence,

        sessions.build_number

    from web_events
    inner join sessions on web_events.event_id = sessions.event_id
    left join identities on web_events.identity_key = identities.identity_key

    {% if is_incremental() %}
        where sessions.build_number = (select build.build_number from build)
    {% endif %}

)

select * from final
