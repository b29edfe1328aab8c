-- What is certified of a customer's erasure so far.
select
    requested_at,
    erased_at,
    to_json(counts) as counts,
    email_hashes,
    order_ids

from audit.erasures

where customer_key = %(customer_key)s
