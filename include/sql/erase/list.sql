-- Everybody who was erased, or is being erased.
select
    customer_key,
    email_hashes

from audit.erasures
