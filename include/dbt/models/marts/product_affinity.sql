with pairs as (

    select * from {{ ref('int_order_product_pairs') }}

),

products as (

    select * from {{ ref('dim_products') }}

    where is_current

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

shares as (

    select
        *,
        pair_count::float / basket_count as support,
        count_a::float / basket_count as support_a,
        count_b::float / basket_count as support_b

    from pairs

),

measured as (

    select
        *,
        pair_count::float / count_a as confidence_a_to_b,
        pair_count::float / count_b as confidence_b_to_a,
        pair_count::float * basket_count / (count_a::float * count_b) as lift,
        support - support_a * support_b as leverage

    from shares

),

-- A rule without exception has no conviction. Counts decide that, not floats.
final as (

    select
        measured.product_key_a,
        measured.product_key_b,
        products_a.name as product_name_a,
        products_b.name as product_name_b,

        measured.pair_count,
        measured.count_a,
        measured.count_b,
        measured.basket_count,

        measured.support,
        measured.confidence_a_to_b,
        measured.confidence_b_to_a,
        measured.lift,
        measured.leverage,
        iff(
            measured.pair_count = measured.count_a,
            null,
            (1 - measured.support_b) / nullif(1 - measured.confidence_a_to_b, 0)
        ) as conviction_a_to_b,
        iff(
            measured.pair_count = measured.count_b,
            null,
            (1 - measured.support_a) / nullif(1 - measured.confidence_b_to_a, 0)
        ) as conviction_b_to_a,
        measured.leverage / nullif(greatest(
            measured.support * (1 - measured.support_a),
            measured.support_a * (measured.support_b - measured.support)
        ), 0) as zhang_a_to_b,
        measured.leverage / nullif(greatest(
            measured.support * (1 - measured.support_b),
            measured.support_b * (measured.support_a - measured.support)
        ), 0) as zhang_b_to_a,

        data_through.as_of_date

    from measured
    cross join data_through
    inner join products as products_a on measured.product_key_a = products_a.product_key
    inner join products as products_b on measured.product_key_b = products_b.product_key

)

select * from final
