-- Every dimension counts every session once: at each stage its values add up to the sessions that got that far.
{% set stages = ['visit', 'view_item', 'add_to_cart', 'begin_checkout', 'purchase'] %}

with funnel as (

    select
        dimension,
        stage_number,
        sum(session_count) as session_count

    from {{ ref('conversion_funnel') }}

    group by
        dimension,
        stage_number

),

sessions as (

    select
        case sessions.furthest_stage
            {% for stage in stages %}
                when '{{ stage }}' then {{ loop.index }}
            {% endfor %}
        end as furthest_stage_number

    from {{ ref('fct_sessions') }} as sessions
    inner join {{ ref('int_data_through') }} as data_through on sessions.session_day <= data_through.data_through

),

final as (

    select
        funnel.dimension,
        funnel.stage_number,
        funnel.session_count,
        count(sessions.furthest_stage_number) as expected_session_count

    from funnel
    left join sessions on funnel.stage_number <= sessions.furthest_stage_number

    group by
        funnel.dimension,
        funnel.stage_number,
        funnel.session_count

    having funnel.session_count != count(sessions.furthest_stage_number)

)

select * from final
