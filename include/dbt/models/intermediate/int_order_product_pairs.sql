with order_products as (

    select * from {{ ref('int_order_product_agg') }}

),

products as (

    select * from {{ ref('dim_products') }}

    where is_current

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

-- A free line was not bought, postage is no merchandise.
bought as (

    select
        order_products.order_id,
        order_products.product_key,
        count(*) over (partition by order_products.order_id) as basket_size

    from order_products
    cross join data_through
    inner join products on order_products.product_key = products.product_key

    where
        order_products.is_valid
        and order_products.is_paid
        and products.is_merchandise
        and order_products.order_day < data_through.as_of_date
        {% if var('lookback_days') is not none %}
            and order_products.order_day >= dateadd('day', -{{ var('lookback_days') }}, data_through.as_of_date)
        {% endif %}

),

baskets as (

    select
        order_id,
        product_key

    from bought

    {% if var('max_basket_items') is not none %}
        where basket_size <= {{ var('max_basket_items') }}
    {% endif %}

),

totals as (

    select
        count(distinct order_id) as basket_count,
        greatest({{ var('min_support') }} * count(distinct order_id), {{ var('min_count') }}) as least_count

    from baskets

),

-- A pair is never more frequent than its rarer product: the others need not be joined.
frequent_products as (

    select
        baskets.product_key,
        count(*) as product_count,
        any_value(totals.basket_count) as basket_count,
        any_value(totals.least_count) as least_count

    from baskets
    cross join totals

    group by baskets.product_key

    having count(*) >= any_value(totals.least_count)

),

frequent_baskets as (

    select
        baskets.order_id,
        baskets.product_key

    from baskets
    inner join frequent_products on baskets.product_key = frequent_products.product_key

),

pairs as (

    select
        first_items.product_key as product_key_a,
        second_items.product_key as product_key_b,
        count(*) as pair_count

    from frequent_baskets as first_items
    inner join frequent_baskets as second_items
        on
            first_items.order_id = second_items.order_id
            and first_items.product_key < second_items.product_key

    group by
        first_items.product_key,
        second_items.product_key

),

final as (

    select
        pairs.product_key_a,
        pairs.product_key_b,
        pairs.pair_count,
        products_a.product_count as count_a,
        products_b.product_count as count_b,
        products_a.basket_count

    from pairs
    inner join frequent_products as products_a on pairs.product_key_a = products_a.product_key
    inner join frequent_products as products_b on pairs.product_key_b = products_b.product_key

    where pairs.pair_count >= products_a.least_count

)

select * from final
