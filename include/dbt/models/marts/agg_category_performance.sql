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
        coalesce(category, 'unknown') as category,
        coalesce(subcategory, 'unknown') as subcategory

    from {{ ref('dim_products') }}

    where is_current

),

{{ product_months(['category', 'subcategory']) }},

final as (

    select
        joined.category,
        joined.subcategory,
        joined.month_start,

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

        (
            joined.gross_revenue::number(26, 8)
            / nullif(sum(joined.gross_revenue) over (partition by joined.month_start), 0)
        )::number(18, 8) as revenue_share,
        (
            joined.gross_revenue::number(26, 8)
            / nullif(sum(joined.gross_revenue) over (partition by joined.month_start, joined.category), 0)
        )::number(18, 8) as revenue_share_of_category

    from joined

)

select * from final
