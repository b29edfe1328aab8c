-- Name, e-mail and phone of one customer: the only question that reads schema pii, for the role PII_READER.
select
    first_name,
    last_name,
    email,
    phone

from pii.customers

where customer_id = %(customer_id)s

qualify row_number() over (partition by customer_id order by updated_at desc) = 1
