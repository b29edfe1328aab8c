-- A customer as the CRM describes them now, without personal data.
select {{ columns }}

from marts.dim_customers

where
    customer_key = %(customer_id)s
    and is_current
