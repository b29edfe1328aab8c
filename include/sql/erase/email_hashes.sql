-- Keyed hashes of the addresses that tables know of a customer.
{% for place in places %}
    select email_hash

    from {{ place.table }}

    where
        customer_id = %(customer_key)s
        and regexp_like(email_hash, '[0-9a-f]{64}')
    {{ "" if loop.last else "union" }}
{% endfor %}
