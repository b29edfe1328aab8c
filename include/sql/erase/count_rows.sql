-- Of each table, how many rows are a person's, and in how many of these personal data stands.
{% for place in places %}
    select
        '{{ place.name }}' as place,
        coalesce(count_if({{ place.theirs }}), 0) as their_rows,
        coalesce(count_if(({{ place.theirs }}) and ({{ place.filled }})), 0) as personal_rows

    from {{ place.table }}
    {{ "" if loop.last else "union all" }}
{% endfor %}
