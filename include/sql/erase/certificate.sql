-- What is certified of a customer's erasure so far.
select
    requested_at,
    erased_at,
    to_json(counts) as counts

from audit.erasures

where customer_key = %(customer_key)s
