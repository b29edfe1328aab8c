{# IANA name of the shop's time zone. #}
{% macro store_timezone() -%}
    {{- var('store_timezone') or env_var('STORE_TIMEZONE', 'Europe/London') -}}
{%- endmacro %}

{# The time of a UTC timestamp on the shop's clocks. #}
{% macro store_time(timestamp_column) -%}
    convert_timezone('UTC', '{{ store_timezone() }}', {{ timestamp_column }})
{%- endmacro %}

{# The moment (UTC) at which a day of the shop begins. #}
{% macro store_midnight(day_column) -%}
    convert_timezone('{{ store_timezone() }}', 'UTC', {{ day_column }}::timestamp_ntz)
{%- endmacro %}
