"""The warehouse, the API, the page and Looker's SQL say the same of any span of days, to the cent."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

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

STAGES = """
select
    count(*) as visit,
    count(view_item_at) as view_item,
    count(add_to_cart_at) as add_to_cart,
    count(begin_checkout_at) as begin_checkout,
    count(purchase_at) as purchase
from marts.fct_sessions
where session_day between %(first)s::date and %(last)s::date
"""
CATEGORIES = """
select
    coalesce(products.category, 'unknown') as category,
    sum(items.gross_revenue) as gross_revenue
from marts.fct_order_items as items
left join marts.dim_products as products
    on items.product_key = products.product_key and products.is_current
where items.is_valid and date_trunc('month', items.order_day) between %(first)s::date and %(last)s::date
group by 1
"""
SEGMENTS = """
select count(distinct customer_key) as customer_count, sum(gross_revenue) as gross_revenue
from marts.fct_orders
where is_valid and customer_key <> 'unknown'
"""


@pytest.fixture(scope="module")
def spans(warehouse: Warehouse) -> list[tuple[date, date]]:
    """First and last days, by chance: single days, weeks, most of the history."""
    [(first, last)] = warehouse.execute("select min(date_day), max(date_day) from marts.agg_daily_kpis").fetchall()
    chance = random.Random(20)
    days = (last - first).days
    begins = [first + timedelta(chance.randrange(days)) for _ in range(8)]
    return [(begin, min(last, begin + timedelta(chance.choice((0, 6, chance.randrange(60)))))) for begin in begins]


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
        assert rounded(api.data("/summary", **days)["current"]) == facts, days
        dashboard.open(f"?start_date={first}&end_date={last}")
        shown = {name: dashboard.values("summary", name)[0] for name in FIGURES}
        assert rounded(shown) == facts, days
    assert len(set(said)) > len(said) / 2


def test_the_days_of_a_trend_add_up_to_the_span(api, dashboard, spans) -> None:
    for first, last in spans[:3]:
        days = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        whole = Decimal(api.data("/summary", **days)["current"]["gross_revenue"])
        listed = api.data("/revenue", grain="day", limit=1000, **days)
        assert sum(Decimal(each["gross_revenue"]) for each in listed) == whole, days
        dashboard.open(f"?start_date={first}&end_date={last}&grain=day")
        assert sum(map(Decimal, dashboard.values("revenue", "gross_revenue"))) == whole, days


def test_the_funnel_is_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    for first, last in spans[:4]:
        [facts] = warehouse.execute(STAGES, {"first": first, "last": last}).fetchall()
        days = [first + timedelta(number) for number in range((last - first).days + 1)]
        asked = {
            "conversion_funnel.dimension": "day",
            "conversion_funnel.dimension_value": ",".join(map(str, days)),
        }
        fields = ["conversion_funnel.stage_number", "conversion_funnel.session_count"]
        looker = warehouse.execute(Renderer(Project()).select("conversion_funnel", fields, asked)).fetchall()
        assert [count for _, count in looker] == list(facts), (first, last)
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        [funnel] = api.data("/conversion/funnel", **span)
        assert [stage["session_count"] for stage in funnel["stages"]] == list(facts), span
        dashboard.open(f"?start_date={first}&end_date={last}")
        assert list(map(int, dashboard.values("funnel", "session_count"))) == list(facts), span


def test_the_categories_are_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    """Whole months: a month that a span touches counts as a whole."""
    for first, last in spans[:3]:
        month = first.replace(day=1)
        facts = by_category(warehouse.execute(CATEGORIES, {"first": month, "last": last}).fetchall())
        assert len(facts) > 1
        fields = ["agg_category_performance.category", "agg_category_performance.gross_revenue"]
        asked = {"agg_category_performance.calendar_month": f"{month} to {last + timedelta(days=1)}"}
        looker = warehouse.execute(Renderer(Project()).select("agg_category_performance", fields, asked)).fetchall()
        assert by_category(looker) == facts, (first, last)
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        listed = api.data("/categories", **span)
        assert by_category((row["category"], row["gross_revenue"]) for row in listed) == facts, span
        dashboard.open(f"?start_date={first}&end_date={last}")
        shown = zip(*(dashboard.values("categories", name) for name in ("category", "gross_revenue")), strict=True)
        assert by_category(shown) == facts, span


def test_the_segments_are_the_same_in_all_four(warehouse, api, dashboard) -> None:
    [totals] = warehouse.execute(SEGMENTS).fetchall()
    fields = [f"rfm_analysis.{name}" for name in ("segment", "customer_count", "monetary")]
    rows = warehouse.execute(Renderer(Project()).select("rfm_analysis", fields)).fetchall()
    looker = {name: (count, money) for name, count, money in rows}
    assert (sum(count for count, _ in looker.values()), sum(money for _, money in looker.values())) == totals
    listed = api.data("/customers/segments")["segments"]
    served = {row["segment"]: (row["customer_count"], Decimal(row["gross_revenue"])) for row in listed}
    assert served == looker
    dashboard.open()
    counts, money = (dashboard.by_key("segments", name) for name in ("customer_count", "gross_revenue"))
    assert {name: (int(counts[name]), Decimal(money[name])) for name in counts} == looker


def by_category(rows: Iterable[tuple[str, Decimal | str]]) -> dict[str, Decimal]:
    """Money of each category that has any, to the cent."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for category, money in rows:
        found[category] += Decimal(money)
    return {name: total.quantize(Decimal("0.01")) for name, total in found.items() if total}
