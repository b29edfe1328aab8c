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

build as (

    select * from {{ ref('int_build') }}

),

{% if is_incremental() %}
    changed_visitors as (

        select * from {{ ref('int_changed_visitors') }}

    ),

    -- What happened before the change has its session; only the last moments of it can reach across.
    events as (

        select
            web_events.event_id,
            web_events.user_pseudo_id,
            web_events.session_id,
            web_events.event_at,
            web_events.event_sequence,
            null::varchar as built_session_key

        from web_events
        inner join changed_visitors
            on
                web_events.user_pseudo_id = changed_visitors.user_pseudo_id
                and web_events.event_at >= changed_visitors.changed_from

        union all

        select
            built.event_id,
            built.user_pseudo_id,
            null::number(18, 0) as session_id,
            built.event_at,
            built.event_sequence,
            built.session_key as built_session_key

        from {{ this }} as built
        inner join changed_visitors
            on
                built.user_pseudo_id = changed_visitors.user_pseudo_id
                and built.event_at < changed_visitors.changed_from
                and built.event_at
                >= dateadd('minute', -{{ var('session_gap_minutes') }}, changed_visitors.changed_from)

    ),

{% else %}
    events as (

        select
            event_id,
            user_pseudo_id,
            session_id,
            event_at,
            event_sequence,
            null::varchar as built_session_key

        from web_events

    ),

{% endif %}
followed as (

    select
        *,
        lag(event_at) over (
            partition by user_pseudo_id order by event_at, event_sequence, event_id
        ) as previous_event_at

    from events

),

-- An event says which session begins: by Google's id, or by coming first or late. The others say nothing.
announced as (

    select
        *,
        case
            when built_session_key is not null then built_session_key
            when session_id is not null then user_pseudo_id || '.ga.' || session_id::varchar
            when
                previous_event_at is null
                or event_at > dateadd('minute', {{ var('session_gap_minutes') }}, previous_event_at)
                then user_pseudo_id || '.gap.' || event_id
        end as announced_session_key

    from followed

),

assigned as (

    select
        *,
        last_value(announced_session_key) ignore nulls over (
            partition by user_pseudo_id order by event_at, event_sequence, event_id
            rows between unbounded preceding and current row
        ) as session_key

    from announced

),

final as (

    select
        assigned.event_id,
        assigned.user_pseudo_id,
        assigned.session_key,
        assigned.event_at,
        assigned.event_sequence,
        build.build_number

    from assigned
    cross join build

    where assigned.built_session_key is null

)

select * from final
