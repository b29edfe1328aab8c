-- Keyed hashes of the addresses that a table knows of a customer.
select distinct email_hash

from {{ table }}

where
    customer_id = %(customer_key)s
    and length(email_hash) = 64
