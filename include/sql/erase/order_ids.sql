-- Orders of a person that tables know.
{% for place in places %}
    select order_id

    from {{ place.table }}

    where
        ({{ place.theirs }})
        and order_id is not null
    {{ "" if loop.last else "union" }}
{% endfor %}
