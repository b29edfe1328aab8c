-- What to offer beside a product, the best first.
select {{ columns }}

from marts.product_recommendations

where product_key = %(product_id)s

order by recommendation_rank

limit %(limit)s
