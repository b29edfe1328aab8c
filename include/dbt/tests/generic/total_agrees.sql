{# Fails when a total of this model differs from the total that another one says: money must not get lost on the way. #}
{% test total_agrees(model, total, other, other_total, other_condition='true') %}

    with these as (

        select coalesce({{ total }}, 0) as total from {{ model }}

    ),

    others as (

        select coalesce({{ other_total }}, 0) as total from {{ other }} where {{ other_condition }}

    ),

    final as (

        select
            these.total as this_total,
            others.total as other_total

        from these
        cross join others

        where these.total != others.total

    )

    select * from final

{% endtest %}
