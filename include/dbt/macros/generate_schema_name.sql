{#
    Schemas are named as configured, without a target's prefix: the warehouse has one set of them. Only the target `ci` has its
    own, beginning with ci_, so that it can read what it does not build from the others.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ 'ci_' if target.name == 'ci' }}{{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
