{# The linter sees a macro's loops but not what they make: it cannot judge their indentation. #}
-- noqa: disable=LT02
{#
    The CTEs, the last one named final, that sum the days of `daily_kpis` up to periods, count the customers of `orders` in
    each, and set the main measures beside those of the period before and of the one a year before.

    grain: day, week (ISO, from Monday) or month. period: name of the column that holds the first day of the period; it
    stands in daily_kpis. Expects the CTEs daily_kpis, orders and data_through.

    A year before a day is the same date, before 29 February the 28th; before a week it is 52 weeks, so that there always is
    one and it has the same weekdays; before a month the same month.
#}
{% macro kpis_by(grain, period) %}
    {%- set amounts = [
        'gross_revenue', 'discount_amount', 'refund_amount', 'net_revenue',
        'new_revenue', 'returning_revenue', 'unknown_revenue',
    ] -%}
    {%- set counts = [
        'order_count', 'new_order_count', 'returning_order_count', 'unknown_order_count', 'single_item_order_count',
        'item_count', 'unit_count', 'refund_count', 'session_count', 'converted_session_count',
        'cart_count', 'open_cart_count', 'abandoned_cart_count', 'recovered_cart_count',
    ] -%}
    {%- set customers = ['customer_count', 'new_customer_count', 'returning_customer_count'] -%}
    {%- set rates = {
        'order_frequency': ['order_count - unknown_order_count', 'customer_count'],
        'items_per_order': ['item_count', 'order_count'],
        'units_per_order': ['unit_count', 'order_count'],
        'single_item_order_share': ['single_item_order_count', 'order_count'],
        'conversion_rate': ['converted_session_count', 'session_count'],
        'cart_abandonment_rate': ['abandoned_cart_count', 'cart_count - open_cart_count'],
    } -%}
    {%- set compared = {
        'gross_revenue': 'number(18, 4)',
        'net_revenue': 'number(18, 4)',
        'refund_amount': 'number(18, 4)',
        'order_count': 'number(18, 0)',
        'average_order_value': 'number(18, 4)',
        'unit_count': 'number(18, 0)',
        'customer_count': 'number(18, 0)',
        'new_customer_count': 'number(18, 0)',
        'order_frequency': 'number(18, 8)',
        'session_count': 'number(18, 0)',
        'conversion_rate': 'number(18, 8)',
        'cart_abandonment_rate': 'number(18, 8)',
    } -%}
    {%- set year = {'day': ['year', 1], 'week': ['week', 52], 'month': ['year', 1]}[grain] -%}
    {%- set last_day = {
        'day': period,
        'week': "dateadd('day', 6, " ~ period ~ ')',
        'month': 'last_day(' ~ period ~ ')',
    }[grain] -%}
    period_sums as (

        select
            {{ period }},
            {% for amount in amounts %}
                sum({{ amount }})::number(18, 4) as {{ amount }},
            {% endfor %}
            {% for count in counts %}
                sum({{ count }})::number(18, 0) as {{ count }}{{ ',' if not loop.last }}
            {% endfor %}

        from daily_kpis

        group by {{ period }}

    ),

    -- A customer who buys on two days of a period is one customer, so days do not add up.
    period_customers as (

        select
            daily_kpis.{{ period }},
            count(distinct orders.customer_key) as customer_count,
            count(distinct iff(orders.customer_class = 'new', orders.customer_key, null)) as new_customer_count

        from orders
        inner join daily_kpis on orders.order_day = daily_kpis.date_day

        where
            orders.is_valid
            and orders.customer_key != 'unknown'

        group by daily_kpis.{{ period }}

    ),

    periods as (

        select
            period_sums.*,
            coalesce(period_customers.customer_count, 0) as customer_count,
            coalesce(period_customers.new_customer_count, 0) as new_customer_count,
            coalesce(period_customers.customer_count - period_customers.new_customer_count, 0)
                as returning_customer_count

        from period_sums
        left join period_customers on period_sums.{{ period }} = period_customers.{{ period }}

    ),

    measured as (

        select
            periods.*,
            (periods.gross_revenue / nullif(periods.order_count, 0))::number(18, 4) as average_order_value,
            {% for rate, (part, whole) in rates.items() %}
                (({{ part }})::number(18, 8) / nullif({{ whole }}, 0))::number(18, 8) as {{ rate }},
            {% endfor %}
            {{ last_day }} <= data_through.data_through as is_complete

        from periods
        cross join data_through

    ),

    final as (

        select
            measured.{{ period }},

            {% for column in amounts + counts + customers %}
                measured.{{ column }}::{{ 'number(18, 4)' if column in amounts else 'number(18, 0)' }} as {{ column }},
            {% endfor %}

            measured.average_order_value,
            {% for rate in rates %}
                measured.{{ rate }},
            {% endfor %}

            {% for column, type in compared.items() %}
                {% for then in ['previous', 'year_ago'] %}
                    iff(measured.is_complete, {{ then }}.{{ column }}, null)::{{ type }} as {{ then }}_{{ column }},
                    iff(
                        measured.is_complete,
                        (
                            (measured.{{ column }} - {{ then }}.{{ column }})::number(26, 8)
                            / nullif(abs({{ then }}.{{ column }}), 0)
                        )::number(18, 8),
                        null
                    ) as {{ column }}_change_from_{{ then }},
                {% endfor %}
            {% endfor %}

            measured.is_complete

        from measured
        left join measured as previous on dateadd('{{ grain }}', -1, measured.{{ period }}) = previous.{{ period }}
        left join measured as year_ago
            on dateadd('{{ year[0] }}', -{{ year[1] }}, measured.{{ period }}) = year_ago.{{ period }}

    )
{% endmacro %}
