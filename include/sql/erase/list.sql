-- Everybody who was erased, or is being erased.
select
    customer_key,
    email_hashes,
    order_ids

from audit.erasures
