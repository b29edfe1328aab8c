{# Fails for every row in which the condition is false or unknown. #}
{% test holds(model, condition) %}

    select *

    from {{ model }}

    where not coalesce({{ condition }}, false)

{% endtest %}
