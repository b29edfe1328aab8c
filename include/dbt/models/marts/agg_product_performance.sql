with session_products as (

    select * from {{ ref('int_session_products') }}

),

order_items as (

    select * from {{ ref('fct_order_items') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

data_through as (

    select * from {{ ref('int_data_through') }}

),

products as (

    select
        product_key,
        name,
        coalesce(category, 'unknown') as category,
        coalesce(subcategory, 'unknown') as subcategory

    from {{ ref('dim_products') }}

    where is_current

),

{{ product_months(['product_key']) }},

-- A month without a sale of its own has the last one before it.
followed as (

    select
        joined.*,
        max(joined.last_sale_day) over (
            partition by joined.product_key order by joined.month_start
            rows between unbounded preceding and current row
        ) as last_sale_day_so_far,
        min(joined.last_sale_day) over (
            partition by joined.product_key order by joined.month_start
            rows between unbounded preceding and 1 preceding
        ) as sold_before,
        least(last_day(joined.month_start), data_through.data_through) as last_known_day

    from joined
    cross join data_through

),

final as (

    select
        joined.product_key,
        joined.month_start,

        products.name as product_name,
        products.category,
        products.subcategory,

        joined.view_count,
        joined.cart_count,
        joined.purchase_count,
        joined.viewing_session_count,
        joined.carting_session_count,
        joined.buying_session_count,
        {{ product_rates() }},

        joined.order_count,
        joined.unit_count,
        joined.gross_revenue,
        joined.discount_amount,
        joined.refund_count,
        joined.refund_amount,
        joined.net_revenue,

        joined.sale_day_count,
        joined.last_sale_day_so_far as last_sale_day,
        datediff('day', joined.last_sale_day_so_far, joined.last_known_day)::number(18, 0) as days_since_last_sale,
        iff(
            joined.sold_before is not null,
            datediff('day', joined.month_start, joined.last_known_day) + 1 - joined.sale_day_count,
            null
        )::number(18, 0) as day_count_without_sale

    from followed as joined
    inner join products on joined.product_key = products.product_key

)

select * from final
