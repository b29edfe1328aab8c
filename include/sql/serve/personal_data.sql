-- Name, e-mail and phone of one customer: the only question that reads schema pii, for the role PII_READER.
-- A contact that is deleted in the CRM has none to show, whatever older versions hold.
with newest as (

    select
        first_name,
        last_name,
        email,
        phone,
        is_deleted

    from pii.customers

    where customer_id = %(customer_id)s

    qualify row_number() over (partition by customer_id order by updated_at desc) = 1

)

select
    first_name,
    last_name,
    email,
    phone

from newest

where not is_deleted
