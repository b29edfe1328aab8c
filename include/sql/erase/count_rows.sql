-- Of each table, how many rows are a person's, and in how many of these personal data stands.
{% for place in places %}
    select
        '{{ place.name }}' as place,
        count_if({{ place.theirs }}) as their_rows,
        count_if(({{ place.theirs }}) and ({{ place.filled }})) as personal_rows

    from {{ place.table }}
    {{ "" if loop.last else "union all" }}
{% endfor %}
