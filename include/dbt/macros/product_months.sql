{# The linter sees a macro's loops but not what they make: it cannot judge their indentation. #}
-- noqa: disable=LT02
{#
    The CTEs session_months, order_months, refund_months, keys and joined: what happened to products in each month (store time
    zone), per value of `columns`, which are names of the CTE products. A session counts once, in the month of its first event
    with the product; an order once, however many of the products it holds. Days after the last published one are left out.

    Expects the CTEs session_products, order_items, refunds, data_through and products, one row per product_key; what is not
    among these counts as the product "unknown".
#}
{% macro product_months(columns) %}
    session_groups as (

        select
            session_products.session_key,
            {% for column in columns %}
                products.{{ column }},
            {% endfor %}
            sum(session_products.view_count) as view_count,
            sum(session_products.cart_count) as cart_count,
            sum(session_products.purchase_count) as purchase_count,
            min(session_products.first_day) as first_day

        from session_products
        left join products as known on session_products.product_id = known.product_key
        inner join products on coalesce(known.product_key, 'unknown') = products.product_key
        inner join data_through on session_products.first_day <= data_through.data_through

        group by
            session_products.session_key,
            {% for column in columns %}
                products.{{ column }}{{ ',' if not loop.last }}
            {% endfor %}

    ),

    session_months as (

        select
            {% for column in columns %}
                {{ column }},
            {% endfor %}
            date_trunc('month', first_day)::date as month_start,
            sum(view_count) as view_count,
            sum(cart_count) as cart_count,
            sum(purchase_count) as purchase_count,
            count_if(view_count > 0) as viewing_session_count,
            count_if(view_count > 0 and cart_count > 0) as carting_session_count,
            count_if(view_count > 0 and purchase_count > 0) as buying_session_count

        from session_groups

        group by
            {% for column in columns %}
                {{ column }},
            {% endfor %}
            date_trunc('month', first_day)::date

    ),

    order_months as (

        select
            {% for column in columns %}
                products.{{ column }},
            {% endfor %}
            date_trunc('month', order_items.order_day)::date as month_start,
            count(distinct order_items.order_id) as order_count,
            count(distinct order_items.order_day) as sale_day_count,
            max(order_items.order_day) as last_sale_day,
            sum(order_items.quantity) as unit_count,
            sum(order_items.gross_revenue) as gross_revenue,
            sum(order_items.discount_amount) as discount_amount

        from order_items
        inner join products on order_items.product_key = products.product_key
        inner join data_through on order_items.order_day <= data_through.data_through

        where order_items.is_valid

        group by
            {% for column in columns %}
                products.{{ column }},
            {% endfor %}
            date_trunc('month', order_items.order_day)::date

    ),

    refund_months as (

        select
            {% for column in columns %}
                products.{{ column }},
            {% endfor %}
            date_trunc('month', refunds.refund_day)::date as month_start,
            count(*) as refund_count,
            sum(refunds.refund_amount) as refund_amount

        from refunds
        inner join products on refunds.product_key = products.product_key
        inner join data_through on refunds.refund_day <= data_through.data_through

        where refunds.is_valid

        group by
            {% for column in columns %}
                products.{{ column }},
            {% endfor %}
            date_trunc('month', refunds.refund_day)::date

    ),

    keys as (

        {% for months in ['session_months', 'order_months', 'refund_months'] %}
            select
                {% for column in columns %}
                    {{ column }},
                {% endfor %}
                month_start

            from {{ months }}

            {{ 'union distinct' if not loop.last }}

        {% endfor %}
    ),

    joined as (

        select
            {% for column in columns %}
                keys.{{ column }},
            {% endfor %}
            keys.month_start,

            {% for count in [
                'view_count', 'cart_count', 'purchase_count',
                'viewing_session_count', 'carting_session_count', 'buying_session_count',
            ] %}
                coalesce(session_months.{{ count }}, 0)::number(18, 0) as {{ count }},
            {% endfor %}
            {% for count in ['order_count', 'sale_day_count', 'unit_count'] %}
                coalesce(order_months.{{ count }}, 0)::number(18, 0) as {{ count }},
            {% endfor %}
            coalesce(refund_months.refund_count, 0)::number(18, 0) as refund_count,
            coalesce(order_months.gross_revenue, 0)::number(18, 4) as gross_revenue,
            coalesce(order_months.discount_amount, 0)::number(18, 4) as discount_amount,
            coalesce(refund_months.refund_amount, 0)::number(18, 4) as refund_amount,
            (
                coalesce(order_months.gross_revenue, 0)
                - coalesce(order_months.discount_amount, 0)
                - coalesce(refund_months.refund_amount, 0)
            )::number(18, 4) as net_revenue,
            order_months.last_sale_day

        from keys
        {% for months in ['session_months', 'order_months', 'refund_months'] %}
            left join {{ months }}
                on
                    keys.month_start = {{ months }}.month_start
                    {% for column in columns %}
                        and keys.{{ column }} = {{ months }}.{{ column }}
                    {% endfor %}
        {% endfor %}

    )
{% endmacro %}

{# The rates of a row of `joined` above, each null where nothing was viewed. #}
{% macro product_rates() %}
    (joined.carting_session_count::number(18, 8) / nullif(joined.viewing_session_count, 0))::number(18, 8)
        as view_to_cart_rate,
    (joined.buying_session_count::number(18, 8) / nullif(joined.viewing_session_count, 0))::number(18, 8)
        as conversion_rate
{%- endmacro %}
