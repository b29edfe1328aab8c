-- What tables know of a person. Only to look for it in files: it appears in no statement and in no log.
{% for place in places %}
    select {{ place.column }} as personal_value

    from {{ place.table }}

    where
        ({{ place.theirs }})
        and {{ place.column }} is not null
    {{ "" if loop.last else "union" }}
{% endfor %}
