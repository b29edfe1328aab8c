-- A product and what to offer beside it, the best first; nothing where there is no such product.
with product as (

    select
        product_key,
        name as product_name,
        1 as part_position

    from marts.dim_products

    where
        product_key = %(product_id)s
        and is_current

),

recommendations as (

    select
        *,
        recommendation_rank as part_position

    from marts.product_recommendations

    where product_key = %(product_id)s

    qualify row_number() over (order by recommendation_rank) <= %(limit)s

)

select {{ product }}

from product

union all by name

select {{ recommendations }}

from recommendations

order by part, part_position
