{# What tells who acted: the CRM id before the hash of the e-mail, null without either. Joins int_customers_identity. #}
{% macro identity_key(customer_id, email_hash='null') -%}
    case
        when {{ customer_id }} is not null then 'id:' || {{ customer_id }}
        when {{ email_hash }} is not null then 'email:' || {{ email_hash }}
    end
{%- endmacro %}
