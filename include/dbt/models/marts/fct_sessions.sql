-- depends_on: {{ ref('int_changed_visitors') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='session_key',
    meta={
        'changed': 'int_changed_visitors',
        'replaced_where': 'target.user_pseudo_id = changed.user_pseudo_id and target.ended_at >= changed.changed_from',
    },
    on_schema_change='append_new_columns',
) }}

{% set stages = ['visit', 'view_item', 'add_to_cart', 'begin_checkout', 'purchase'] %}
{% set steps = stages[1:] %}

with all_web_events as (

    select * from {{ ref('fct_web_events') }}

),

build as (

    select * from {{ ref('int_build') }}

),

{% if is_incremental() %}
-- A session that lost its last events has none that was computed anew, but reached into the time that changed.
    changed_sessions as (

        select session_key from all_web_events

        where build_number = (select build.build_number from build)

        union distinct

        select built.session_key

        from {{ this }} as built
        inner join {{ ref('int_changed_visitors') }} as changed_visitors
            on
                built.user_pseudo_id = changed_visitors.user_pseudo_id
                and built.ended_at >= changed_visitors.changed_from

    ),

{% endif %}
web_events as (

    select * from all_web_events

    {% if is_incremental() %}
        where session_key in (select changed_sessions.session_key from changed_sessions)
    {% endif %}

),

-- Events of one moment and sequence share a position: neither comes after the other.
positioned as (

    select
        session_key,
        event_name,
        event_at,
        dense_rank() over (partition by session_key order by event_at, event_sequence) as position

    from web_events

    where event_name in ('{{ steps | join("', '") }}')

),

-- Opening the session is the visit. Each later stage is reached by its first event after the stage before.
visit as (

    select
        *,
        0 as visit_position

    from positioned

),

{% for step in steps %}
    {{ step }} as (

        select
            *,
            min(
                case when event_name = '{{ step }}' and position > {{ stages[loop.index0] }}_position then position end
            ) over (partition by session_key) as {{ step }}_position

        from {{ stages[loop.index0] }}

    ),

{% endfor %}
reached as (

    select
        {% for step in steps %}
            min(iff(position = {{ step }}_position and event_name = '{{ step }}', event_at, null)) as {{ step }}_at,
        {% endfor %}
        session_key

    from {{ stages[-1] }}

    group by session_key

),

numbered as (

    select
        *,
        row_number() over (partition by session_key order by event_at, event_sequence, event_id) as event_number

    from web_events

),

sessions as (

    select
        session_key,
        min(user_pseudo_id) as user_pseudo_id,

        min_by(customer_key, iff(customer_key = 'unknown', null, event_number)) as customer_key,
        {% for column in ['device_category', 'country', 'traffic_source', 'traffic_medium', 'page_location'] %}
            min_by({{ column }}, iff({{ column }} is null, null, event_number)) as {{ column }},
        {% endfor %}

        min(session_number) as session_number,
        count(*) as event_count,
        count_if(event_name = 'page_view') as page_view_count,
        count_if(event_name = 'purchase') as purchase_count,
        coalesce(sum(iff(event_name = 'purchase', purchase_revenue, null)), 0)::number(18, 4) as purchase_revenue,

        min(event_at) as started_at,
        max(event_at) as ended_at

    from numbered

    group by session_key

),

final as (

    select
        sessions.session_key,
        sessions.user_pseudo_id,
        coalesce(sessions.customer_key, 'unknown') as customer_key,

        sessions.device_category,
        sessions.country,
        sessions.traffic_source,
        sessions.traffic_medium,
        coalesce(sessions.traffic_source, '(direct)')
        || ' / ' || coalesce(sessions.traffic_medium, '(none)') as channel,
        sessions.page_location as landing_page,

        case
            {% for step in steps | reverse %}
                when reached.{{ step }}_at is not null then '{{ step }}'
            {% endfor %}
            else '{{ stages[0] }}'
        end as furthest_stage,

        sessions.session_number,
        sessions.event_count,
        sessions.page_view_count,
        sessions.purchase_count,
        sessions.purchase_revenue,

        sessions.purchase_count > 0 as is_converted,

        {% for step in steps %}
            reached.{{ step }}_at,
        {% endfor %}

        {{ store_day('sessions.started_at') }} as session_day,
        sessions.started_at,
        sessions.ended_at,

        build.build_number

    from sessions
    cross join build
    left join reached on sessions.session_key = reached.session_key

)

select * from final
