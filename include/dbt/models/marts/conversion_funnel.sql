{% set stages = ['visit', 'view_item', 'add_to_cart', 'begin_checkout', 'purchase'] %}
{% set dimensions = {
    'overall': "'all'",
    'day': "to_char(sessions.session_day, 'YYYY-MM-DD')",
    'device': "coalesce(sessions.device_category, 'unknown')",
    'channel': 'sessions.channel',
} %}

with sessions as (

    select * from {{ ref('fct_sessions') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

valued_sessions as (

    {% for dimension, value in dimensions.items() %}
        select
            '{{ dimension }}' as dimension,
            {{ value }} as dimension_value,
            {% for stage in stages[1:] %}
                sessions.{{ stage }}_at,
            {% endfor %}
            sessions.session_key

        from sessions
        inner join data_through on sessions.session_day <= data_through.data_through

        {{ 'union all' if not loop.last }}

    {% endfor %}
),

reached as (

    select
        dimension,
        dimension_value,
        {% for stage in stages[1:] %}
            count({{ stage }}_at) as {{ stage }},
        {% endfor %}
        count(*) as visit

    from valued_sessions

    group by
        dimension,
        dimension_value

),

stages as (

    {% for stage in stages %}
        select
            dimension,
            dimension_value,
            {{ loop.index }} as stage_number,
            '{{ stage }}' as stage,
            {{ stage }} as session_count,
            {{ stages[0] }} as entered_session_count,
            {{ stages[loop.index0 - 1] if not loop.first else stages[0] }} as previous_session_count

        from reached

        {{ 'union all' if not loop.last }}

    {% endfor %}
),

final as (

    select
        dimension,
        dimension_value,
        stage_number,
        stage,

        session_count,
        entered_session_count,
        previous_session_count,
        previous_session_count - session_count as dropped_session_count,

        (session_count::number(18, 8) / nullif(entered_session_count, 0))::number(18, 8) as rate_of_entered,
        (session_count::number(18, 8) / nullif(previous_session_count, 0))::number(18, 8) as rate_of_previous,
        (
            (previous_session_count - session_count)::number(18, 8) / nullif(previous_session_count, 0)
        )::number(18, 8) as drop_off_rate

    from stages

)

select * from final
