with product_months as (

    select * from {{ ref('agg_product_performance') }}

),

products as (

    select
        product_key,
        is_merchandise

    from {{ ref('dim_products') }}

    where is_current

),

-- Postage sells best, but is no product.
sold as (

    select
        product_months.product_key,
        product_months.product_name,
        product_months.category,
        product_months.subcategory,
        sum(product_months.order_count)::number(18, 0) as order_count,
        sum(product_months.unit_count)::number(18, 0) as unit_count,
        sum(product_months.gross_revenue)::number(18, 4) as gross_revenue,
        sum(product_months.net_revenue)::number(18, 4) as net_revenue,
        max(product_months.last_sale_day) as last_sale_day

    from product_months
    inner join products on product_months.product_key = products.product_key

    where products.is_merchandise

    group by
        product_months.product_key,
        product_months.product_name,
        product_months.category,
        product_months.subcategory

    having sum(product_months.order_count) > 0

),

final as (

    select
        product_key,
        product_name,
        category,
        subcategory,

        order_count,
        unit_count,
        gross_revenue,
        net_revenue,
        (gross_revenue::number(26, 8) / nullif(sum(gross_revenue) over (), 0))::number(18, 8) as revenue_share,

        row_number() over (order by unit_count desc, gross_revenue desc, product_key asc)::number(18, 0)
            as quantity_rank,
        row_number() over (order by gross_revenue desc, unit_count desc, product_key asc)::number(18, 0)
            as revenue_rank,
        row_number() over (
            partition by category order by unit_count desc, gross_revenue desc, product_key asc
        )::number(18, 0) as quantity_rank_in_category,
        row_number() over (
            partition by category order by gross_revenue desc, unit_count desc, product_key asc
        )::number(18, 0) as revenue_rank_in_category,

        last_sale_day

    from sold

)

select * from final
