with pairs as (

    select * from {{ ref('product_affinity') }}

),

rules as (

    {% for from, to in [('a', 'b'), ('b', 'a')] %}
        select
            product_key_{{ from }} as product_key,
            product_key_{{ to }} as recommended_product_key,
            product_name_{{ from }} as product_name,
            product_name_{{ to }} as recommended_product_name,
            pair_count,
            count_{{ from }} as product_count,
            support,
            confidence_{{ from }}_to_{{ to }} as confidence,
            lift,
            as_of_date

        from pairs

        {{ 'union all' if not loop.last }}

    {% endfor %}
),

-- Whoever buys the one is no likelier to buy the other unless the lift is above one.
ranked as (

    select
        *,
        row_number() over (
            partition by product_key order by lift desc, confidence desc, pair_count desc, recommended_product_key asc
        ) as recommendation_rank

    from rules

    where lift > 1

),

final as (

    select
        product_key,
        recommended_product_key,
        recommendation_rank::number(18, 0) as recommendation_rank,

        product_name,
        recommended_product_name,

        pair_count,
        product_count,
        support,
        confidence,
        lift,

        as_of_date

    from ranked

    where recommendation_rank <= {{ var('recommendations_per_product') }}

)

select * from final
