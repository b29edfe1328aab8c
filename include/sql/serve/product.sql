-- The product of an id, if there is one.
select
    product_key,
    name as product_name

from marts.dim_products

where
    product_key = %(product_id)s
    and is_current
