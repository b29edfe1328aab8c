{#
    Incremental strategy `replace_changed`: takes out what a changed key has made obsolete, then inserts the model's rows, in one
    transaction. Unlike delete+insert it also takes out rows of which nothing came back.

    In the model's `meta`: `changed`, the model that holds the changed keys, and `replaced_where`, a condition over `target` (the
    rows of this model) and `changed` (those keys). The model must ref() the model of `changed`, too. Rows of the same `unique_key`
    as a new one, if the model has one, are replaced in any case, so that running again changes nothing.
#}
{% macro get_incremental_replace_changed_sql(arg_dict) %}
    {%- set meta = config.require('meta') -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set source = arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set statements -%}
        delete from {{ target }} as target
        using {{ ref(meta['changed']) }} as changed
        where {{ meta['replaced_where'] }};

        {% if arg_dict['unique_key'] %}
            delete from {{ target }} as target
            using {{ source }} as source
            where target.{{ arg_dict['unique_key'] }} = source.{{ arg_dict['unique_key'] }};
        {% endif %}

        insert into {{ target }} ({{ columns }})
        select {{ columns }} from {{ source }}
    {%- endset -%}
    {{ return(snowflake_dml_explicit_transaction(statements)) }}
{% endmacro %}
