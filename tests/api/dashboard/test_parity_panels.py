"""The facts, the API, the page and Looker's SQL say the same in each panel that Looker has too, to the cent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from include.warehouse import Warehouse
from local.lookml import Project
from tests.looker_sql import Renderer

CENT = Decimal("0.01")
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

CARTS = """
select count(*) as cart_count, coalesce(sum(cart_value), 0) as cart_value, count(purchased_at) as bought_cart_count
from intermediate.int_carts
where convert_timezone('UTC', 'Europe/London', opened_at)::date between %(first)s::date and %(last)s::date
"""
CART_FIGURES = ("cart_count", "cart_value", "bought_cart_count", "abandoned_cart_count", "recovered_cart_count")
PRODUCTS = """
select product_key, sum(gross_revenue) as gross_revenue, sum(quantity) as unit_count
from marts.fct_order_items
where is_valid and date_trunc('month', order_day) between %(first)s::date and %(last)s::date
group by product_key
"""
COHORTS = """
with first_orders as (
    select customer_key, date_trunc('month', min(order_day))::date as cohort_month
    from marts.fct_orders
    where is_valid and customer_key <> 'unknown'
    group by customer_key
)

select
    first_orders.cohort_month,
    datediff('month', first_orders.cohort_month, orders.order_day) as month_number,
    count(distinct orders.customer_key) as customers,
    sum(orders.gross_revenue) as gross_revenue
from marts.fct_orders as orders
inner join first_orders on orders.customer_key = first_orders.customer_key
where orders.is_valid and first_orders.cohort_month between %(first)s::date and %(last)s::date
group by 1, 2
"""
TOGETHER = """
with bought as (
    select distinct items.order_id, items.product_key
    from marts.fct_order_items as items
    inner join marts.dim_products as products
        on items.product_key = products.product_key and products.is_current
    where items.is_valid and items.gross_revenue > 0 and products.is_merchandise
)

select
    one.product_key || ' ' || other.product_key as pair,
    count(*) as pair_count,
    count(*) / (select count(distinct order_id) from bought) as support
from bought as one
inner join bought as other on one.order_id = other.order_id and one.product_key < other.product_key
group by 1
"""
EXPERIMENTS = """
select experiment_id || ' ' || experiment_variant, unit_count, conversion_count, purchase_revenue
from marts.experiment_results
"""
BEST = """
select customer_key, sum(gross_revenue) as gross_revenue
from marts.fct_orders
where is_valid and customer_key <> 'unknown'
group by customer_key
"""


def looker(
    warehouse: Warehouse, explore: str, fields: Iterable[str], filters: Mapping[str, str] | None = None
) -> list[tuple[Any, ...]]:
    """What Looker would get; fields and filters without the name of the explore."""
    asked = {f"{explore}.{name}": value for name, value in (filters or {}).items()}
    statement = Renderer(Project()).select(explore, [f"{explore}.{name}" for name in fields], asked)
    return warehouse.execute(statement).fetchall()


def month_span(first: date, last: date) -> str:
    """Looker's filter for the whole months that a span touches."""
    return f"{first.replace(day=1)} to {last + timedelta(days=1)}"


def test_the_funnel_is_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    for first, last in spans[:4]:
        [facts] = warehouse.execute(STAGES, {"first": first, "last": last}).fetchall()
        asked = {"dimension": "day", "session_date": f"{first} to {last + timedelta(days=1)}"}
        said = looker(warehouse, "conversion_funnel", ("stage_number", "session_count"), asked)
        assert [count for _, count in said] == list(facts), (first, last)
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        [funnel] = api.data("/conversion/funnel", **span)
        assert [stage["session_count"] for stage in funnel["stages"]] == list(facts), span
        dashboard.open(f"?start_date={first}&end_date={last}")
        assert list(map(int, dashboard.values("funnel", "session_count"))) == list(facts), span


def test_the_categories_are_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    """Whole months: a month that a span touches counts as a whole."""
    for first, last in spans[:3]:
        facts = by_category(warehouse.execute(CATEGORIES, {"first": first.replace(day=1), "last": last}).fetchall())
        assert len(facts) > 1
        asked = {"calendar_month": month_span(first, last)}
        said = looker(warehouse, "agg_category_performance", ("category", "gross_revenue"), asked)
        assert by_category(said) == facts, (first, last)
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        listed = api.data("/categories", **span)
        assert by_category((row["category"], row["gross_revenue"]) for row in listed) == facts, span
        dashboard.open(f"?start_date={first}&end_date={last}")
        shown = zip(*(dashboard.values("categories", name) for name in ("category", "gross_revenue")), strict=True)
        assert by_category(shown) == facts, span


def test_the_segments_are_the_same_in_all_four(warehouse, api, dashboard) -> None:
    [totals] = warehouse.execute(SEGMENTS).fetchall()
    rows = looker(warehouse, "rfm_analysis", ("segment", "customer_count", "monetary"))
    said = {name: (count, money) for name, count, money in rows}
    assert (sum(count for count, _ in said.values()), sum(money for _, money in said.values())) == totals
    listed = api.data("/customers/segments")["segments"]
    served = {row["segment"]: (row["customer_count"], Decimal(row["gross_revenue"])) for row in listed}
    assert served == said
    dashboard.open()
    counts, money = (dashboard.by_key("segments", name) for name in ("customer_count", "gross_revenue"))
    assert {name: (int(counts[name]), Decimal(money[name])) for name in counts} == said


def test_the_carts_are_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    for first, last in spans[:4]:
        [row] = warehouse.execute(CARTS, {"first": first, "last": last}).fetchall()
        days = {"cart_date": f"{first} to {last + timedelta(days=1)}"}
        [said] = looker(warehouse, "cart_abandonment", CART_FIGURES, days)
        assert said[:3] == row, (first, last)
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        [served] = api.data("/carts/abandonment", **span)
        assert tuple(Decimal(served[name]) for name in CART_FIGURES) == said, span
        dashboard.open(f"?start_date={first}&end_date={last}")
        shown = [dashboard.values("carts", name)[0] for name in ("cart_count", "cart_value")]
        assert tuple(map(Decimal, shown)) == row[:2], span


def test_the_products_are_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    """Whole months; the page holds the best of them."""
    figures = ("gross_revenue", "unit_count")
    for first, last in spans[:3]:
        found = warehouse.execute(PRODUCTS, {"first": first.replace(day=1), "last": last}).fetchall()
        facts = by_key(found)
        assert len(facts) > 15
        asked = {"calendar_month": month_span(first, last)}
        assert by_key(looker(warehouse, "agg_product_performance", ("product_key", *figures), asked)) == facts
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        listed = api.data("/products/performance", limit=1000, **span)
        assert by_key((row["product_key"], *(row[name] for name in figures)) for row in listed) == facts, span
        dashboard.open(f"?start_date={first}&end_date={last}")
        columns = [dashboard.by_key("products", name) for name in figures]
        shown = by_key((key, *(column[key] for column in columns)) for key in columns[0])
        assert shown == {key: facts[key] for key in shown}, span
        assert min(money for money, _ in shown.values()) >= max(
            (money for key, (money, _) in facts.items() if key not in shown), default=0
        )


def test_the_cohorts_are_the_same_in_all_four(warehouse, api, dashboard, spans) -> None:
    """All their months are over, as the shop's last day ends one."""
    figures = ("customers", "gross_revenue")
    for first, last in spans[:2]:
        begin = last - timedelta(days=364)  # the page shows a year of cohorts at least
        facts = by_month(warehouse.execute(COHORTS, {"first": begin.replace(day=1), "last": last}).fetchall())
        assert len(facts) > 1
        asked = {"cohort_month": month_span(begin, last), "is_complete": "yes"}
        assert (
            by_month(looker(warehouse, "cohort_retention", ("cohort_month", "month_number", *figures), asked)) == facts
        )
        served = api.data("/cohorts/retention", start_date=begin.isoformat(), end_date=last.isoformat())
        listed = [
            (cohort["cohort_month"], month["month_number"], *(month[name] for name in figures))
            for cohort in served
            for month in cohort["months"]
        ]
        assert by_month(listed) == facts, (first, last)
        dashboard.open(f"?start_date={first}&end_date={last}")
        columns = []
        for label, name in zip(("Customers", "Revenue"), figures, strict=True):
            dashboard.panel("cohorts").get_by_role("button", name=label).click()
            columns.append(dashboard.values("cohorts", name))
        shown = [(*row[:2], *cells) for row, *cells in zip(listed, *columns, strict=True)]
        assert by_month(shown) == facts, (first, last)


def test_what_is_bought_together_is_the_same_in_all_four(warehouse, api, dashboard) -> None:
    facts = {pair: (count, round(share, 6)) for pair, count, share in warehouse.execute(TOGETHER).fetchall()}
    figures = ("pair_count", "support")
    fields = ("product_key_a", "product_key_b", *figures)
    said = {
        f"{a} {b}": (count, round(share, 6)) for a, b, count, share in looker(warehouse, "product_affinity", fields)
    }
    assert said and said == {pair: facts[pair] for pair in said}
    listed = api.data("/products/affinity", limit=1000)
    served = {f"{row['product_key_a']} {row['product_key_b']}": row for row in listed}
    assert {pair: (row["pair_count"], round(row["support"], 6)) for pair, row in served.items()} == said
    dashboard.open()
    counts, shares = (dashboard.by_key("affinity", name) for name in figures)
    assert counts
    assert {pair: (int(counts[pair]), round(float(shares[pair]), 6)) for pair in counts} == {
        pair: said[pair] for pair in counts
    }


def test_the_experiments_are_the_same_in_all_four(warehouse, api, dashboard) -> None:
    figures = ("unit_count", "conversion_count", "purchase_revenue")
    facts = by_key(warehouse.execute(EXPERIMENTS).fetchall())
    assert len(facts) > 1
    fields = ("experiment_id", "experiment_variant", *figures)
    said = looker(warehouse, "experiment_results", fields)
    assert by_key((f"{name} {variant}", *row) for name, variant, *row in said) == facts
    variants = [(each["experiment_id"], variant) for each in api.data("/experiments") for variant in each["variants"]]
    served = [(f"{name} {row['experiment_variant']}", *(row[figure] for figure in figures)) for name, row in variants]
    assert by_key(served) == facts
    dashboard.open()
    columns = (dashboard.values("experiments", name) for name in figures[:2])
    shown = [(key, *cells) for (key, *_), *cells in zip(served, *columns, strict=True)]
    assert by_key(shown) == {key: row[:2] for key, row in facts.items()}


def test_the_best_customers_are_the_same_in_all_four(warehouse, api, dashboard) -> None:
    facts = by_key(warehouse.execute(BEST).fetchall())
    assert by_key(looker(warehouse, "rfm_analysis", ("customer_key", "monetary"))) == facts
    listed = api.data("/customers/rfm", limit=1000)
    assert by_key((row["customer_key"], row["monetary"]) for row in listed) == facts
    dashboard.open()
    shown = by_key(dashboard.pairs("segment-customers", "monetary"))
    assert len(shown) > 1 and shown == {key: facts[key] for key in shown}
    assert min(shown.values()) >= max(row for key, row in facts.items() if key not in shown)


def by_key(rows: Iterable[Iterable[Any]]) -> dict[str, tuple[Decimal, ...]]:
    """The figures of each row that has any, to the cent, by what stands before them."""
    found = {key: tuple(Decimal(figure).quantize(CENT) for figure in figures) for key, *figures in rows}
    return {key: figures for key, figures in found.items() if any(figures)}


def by_month(rows: Iterable[Iterable[Any]]) -> dict[str, tuple[Decimal, ...]]:
    """The figures of each cohort and month that has any."""
    return by_key((f"{cohort} {month}", *figures) for cohort, month, *figures in rows)


def by_category(rows: Iterable[tuple[str, Decimal | str]]) -> dict[str, Decimal]:
    """Money of each category that has any, to the cent."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for category, money in rows:
        found[category] += Decimal(money)
    return {name: total.quantize(CENT) for name, total in found.items() if total}
