-- Keyed hashes of the addresses that a table knows of a customer.
select distinct email_hash

from {{ table }}

where
    customer_id = %(customer_key)s
    and regexp_like(email_hash, '[0-9a-f]{64}')
