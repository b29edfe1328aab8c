{#
    Events of the visitors of whom anything changed since the last build, each of them whole; in a full build all events.
    The model names int_changed_visitors in a depends_on, because a full build does not mention it.
#}
{% macro events_of_changed_visitors() -%}
    select * from {{ ref('fct_web_events') }}
    {%- if is_incremental() %}

        where user_pseudo_id in (select changed.user_pseudo_id from {{ ref('int_changed_visitors') }} as changed)
    {%- endif %}
{%- endmacro %}
