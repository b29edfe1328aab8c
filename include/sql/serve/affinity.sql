-- A page of the pairs of products bought together.
select {{ columns }}

from marts.product_affinity

where
    support >= %(min_support)s
    and lift >= %(min_lift)s
    and (%(product_id)s is null or %(product_id)s in (product_key_a, product_key_b))

order by {{ sort }} {{ direction }} nulls last, product_key_a asc, product_key_b asc

limit %(limit)s offset %(offset)s
