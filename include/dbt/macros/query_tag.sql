{#
    Every statement of a node carries the tag of the Airflow task that runs dbt, and the node's name: what a model costs
    can be told from what its DAG costs. Without Airflow the tag of the profile stays.
#}
{% macro set_query_tag() -%}
    {% set task = dbt_metadata_envs.get('QUERY_TAG') %}
    {% if task %}
        {% set tag = fromjson(task) %}
        {% do tag.update({'model': model.name}) %}
        {% do run_query("alter session set query_tag = '" ~ tojson(tag) ~ "'") %}
    {% endif %}
{%- endmacro %}

{# The next node of the session sets its own. #}
{% macro unset_query_tag(original_query_tag) -%}
{%- endmacro %}
