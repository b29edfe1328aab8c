"""The facts, the API, the page and Looker's SQL have the same main figures of any span of days, to the cent."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from include.warehouse import Warehouse
from local.lookml import Project
from tests.looker_sql import Renderer

MONEY = ("gross_revenue", "net_revenue", "refund_amount", "average_order_value")
COUNTS = ("order_count", "unit_count", "new_customer_count")
RATES = ("conversion_rate", "cart_abandonment_rate")
FIGURES = MONEY + COUNTS + RATES
FACTS = """
with sales as (
    select
        coalesce(sum(gross_revenue), 0) as gross_revenue,
        coalesce(sum(discount_amount), 0) as discount_amount,
        coalesce(sum(unit_count), 0) as unit_count,
        count(*) as order_count,
        count_if(customer_class = 'new') as new_customer_count
    from marts.fct_orders
    where is_valid and order_day between %(first)s::date and %(last)s::date
),

refunds as (
    select coalesce(sum(refund_amount), 0) as refund_amount
    from marts.fct_refunds
    where is_valid and refund_day between %(first)s::date and %(last)s::date
),

sessions as (
    select
        count(*) as session_count,
        count_if(is_converted) as converted_session_count
    from marts.fct_sessions
    where session_day between %(first)s::date and %(last)s::date
),

carts as (
    select
        sum(cart_count - open_cart_count) as decided_cart_count,
        sum(abandoned_cart_count) as abandoned_cart_count
    from marts.cart_abandonment
    where cart_day between %(first)s::date and %(last)s::date
)

select
    gross_revenue,
    gross_revenue - discount_amount - refund_amount as net_revenue,
    refund_amount,
    gross_revenue / nullif(order_count, 0) as average_order_value,
    order_count,
    unit_count,
    new_customer_count,
    converted_session_count / nullif(session_count, 0) as conversion_rate,
    abandoned_cart_count / nullif(decided_cart_count, 0) as cart_abandonment_rate
from sales
cross join refunds
cross join sessions
cross join carts
"""


def rounded(figures: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """Money to the cent, counts whole, rates to six places."""
    places = dict.fromkeys(MONEY, Decimal("0.01")) | dict.fromkeys(RATES, Decimal("0.000001"))
    said = {name: figures[name] for name in FIGURES}
    return {
        name: None if value in (None, "") else Decimal(str(value)).quantize(places.get(name, Decimal(1)))
        for name, value in said.items()
    }


def of_facts(warehouse: Warehouse, first: date, last: date) -> dict[str, Any]:
    [row] = warehouse.execute(FACTS, {"first": first, "last": last}).fetchall()
    return dict(zip(FIGURES, row, strict=True))


def of_looker(warehouse: Warehouse, first: date, last: date) -> dict[str, Any]:
    fields = [f"agg_daily_kpis.{name}" for name in FIGURES]
    span = {"agg_daily_kpis.calendar_date": f"{first} to {last + timedelta(days=1)}"}
    [row] = warehouse.execute(Renderer(Project()).select("agg_daily_kpis", fields, span)).fetchall()
    return dict(zip(FIGURES, row, strict=True))


def test_all_four_say_the_same_of_any_span(warehouse, api, dashboard, spans) -> None:
    said = []
    for first, last in spans:
        facts = rounded(of_facts(warehouse, first, last))
        said.append(facts["gross_revenue"])
        assert rounded(of_looker(warehouse, first, last)) == facts, (first, last)
        days = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        assert rounded(api.data("/analytics/summary", **days)["current"]) == facts, days
        dashboard.open(f"?start_date={first}&end_date={last}")
        shown = {name: dashboard.values("summary", name)[0] for name in FIGURES}
        assert rounded(shown) == facts, days
    assert len(set(said)) > len(said) / 2


def test_the_days_of_a_trend_add_up_to_the_span(api, dashboard, spans) -> None:
    for first, last in spans[:3]:
        days = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        whole = Decimal(api.data("/analytics/summary", **days)["current"]["gross_revenue"])
        listed = api.data("/revenue", grain="day", limit=1000, **days)
        assert sum(Decimal(each["gross_revenue"]) for each in listed) == whole, days
        dashboard.open(f"?start_date={first}&end_date={last}&grain=day")
        assert sum(map(Decimal, dashboard.values("revenue", "gross_revenue"))) == whole, days
