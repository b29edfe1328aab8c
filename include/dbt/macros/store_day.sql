{# The calendar day of a UTC timestamp in the shop's time zone. #}
{% macro store_day(timestamp_column) -%}
    {{ store_time(timestamp_column) }}::date
{%- endmacro %}
