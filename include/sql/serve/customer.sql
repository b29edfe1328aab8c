-- What a mart says of one customer.
select {{ columns }}

from {{ table }}

where customer_key = %(customer_id)s
