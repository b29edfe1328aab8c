-- Contacts of the CRM that have, or had, the address with this keyed hash.
select distinct customer_id

from pii.customers

where
    email_hash = %(email_key)s
    and customer_id is not null

order by customer_id
