"""The simulated shop against the truth that was planted while it was made (dataset.json, `planted`)."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.conformance.comparison import Comparison, exact, near, same_rows, within
from tests.end_to_end.loaded import Loaded

TITLE = "simulated shop"
STAGES = ("visit", "view_item", "add_to_cart", "begin_checkout", "purchase")
MIN_SUPPORT = 0.01  # the dbt variable min_support
STANDARD_ERRORS = 4  # a planted rate that is right is missed once in 16,000 comparisons


def spec(directory: Path) -> str:
    """The data set of `make demo`."""
    return "simulated"


def compare(shop: Loaded) -> Iterator[Comparison]:
    """Counts exactly, planted probabilities within what chance allows."""
    planted = json.loads((shop.files / "dataset.json").read_text())["planted"]
    yield from totals(shop, planted["totals"])
    yield from sessions(shop, planted["web"])
    yield from funnel(shop, planted["funnel"])
    yield from carts(shop, planted["carts"])
    yield from pairs(shop, planted["pairs"])
    for experiment in planted["experiments"]:
        yield from experiment_result(shop, experiment)
    yield from retention(shop, planted)


def totals(shop: Loaded, planted: dict[str, Any]) -> Iterator[Comparison]:
    """Orders and money of all days."""
    orders, gross, discounts, refunds, net, units = shop.row("""
        select
            sum(order_count),
            sum(gross_revenue),
            sum(discount_amount),
            sum(refund_amount),
            sum(net_revenue),
            sum(unit_count)
        from marts.agg_daily_kpis
    """)
    money = {name: Decimal(planted[name]) for name in ("gross_revenue", "discounts", "refunds")}
    yield exact("valid orders", planted["valid_orders"], int(orders))
    yield exact("units", planted["units"], int(units))
    yield exact("gross revenue", money["gross_revenue"], gross)
    yield exact("discounts", money["discounts"], discounts)
    yield exact("refunds", money["refunds"], refunds)
    yield exact("net revenue", money["gross_revenue"] - money["discounts"] - money["refunds"], net)
    for table in ("agg_product_performance", "agg_category_performance"):
        yield exact(f"gross revenue of {table}", gross, shop.row(f"select sum(gross_revenue) from marts.{table}")[0])


def sessions(shop: Loaded, planted: dict[str, Any]) -> Iterator[Comparison]:
    """Sessions and visitors."""
    found, visitors = shop.row("select count(*), count(distinct user_pseudo_id) from marts.fct_sessions")
    yield exact("sessions", planted["sessions"], found)
    yield exact("visitors", planted["visitors"], visitors)


def funnel(shop: Loaded, planted: list[dict[str, Any]]) -> Iterator[Comparison]:
    """Sessions at each stage by device and by channel; each step's planted rate where it has sessions enough."""
    for dimension, value in (
        ("device", lambda row: row["device_category"]),
        ("channel", lambda row: f"{row['traffic_source']} / {row['traffic_medium']}"),
        ("overall", lambda row: "all"),
    ):
        expected: Counter[tuple[str, str]] = Counter()
        for row in planted:
            for stage in STAGES:
                expected[value(row), stage] += row[stage]
        yield same_rows(
            f"funnel by {dimension}",
            dict(expected),
            {
                row[:2]: row[2]
                for row in shop.rows(f"""
                    select dimension_value, stage, session_count from marts.conversion_funnel
                    where dimension = '{dimension}'
                """)
            },
        )
    largest = max(planted, key=lambda row: row["visit"])
    found = {
        row[0]: row[1]
        for row in shop.rows(f"""
            select furthest_stage, count(*) from marts.fct_sessions
            where device_category = '{largest["device_category"]}'
                and traffic_source = '{largest["traffic_source"]}'
                and traffic_medium = '{largest["traffic_medium"]}'
            group by furthest_stage
        """)
    }
    for number, rate in enumerate(largest["planted_step_rates"], 1):
        entered = sum(found.get(stage, 0) for stage in STAGES[number - 1 :])
        reached = sum(found.get(stage, 0) for stage in STAGES[number:])
        margin = STANDARD_ERRORS * math.sqrt(rate * (1 - rate) / entered)
        yield within(
            f"rate of {STAGES[number]}, {largest['device_category']} from {largest['traffic_source']}",
            rate - margin,
            rate + margin,
            reached / entered,
        )


def carts(shop: Loaded, planted: dict[str, Any]) -> Iterator[Comparison]:
    """Carts opened, abandoned and recovered."""
    opened, abandoned, recovered = shop.row("""
        select sum(cart_count), sum(abandoned_cart_count), sum(recovered_cart_count) from marts.cart_abandonment
    """)
    yield exact("carts opened", planted["opened"], int(opened))
    yield exact("carts abandoned", planted["abandoned"], int(abandoned))
    yield exact("carts recovered within 7 days", planted["recovered_within_7_days"], int(recovered))


def pairs(shop: Loaded, planted: list[dict[str, Any]]) -> Iterator[Comparison]:
    """Baskets and lift of each planted pair that is frequent enough to be kept."""
    held = {
        row[:2]: row[2:]
        for row in shop.rows("select product_key_a, product_key_b, pair_count, lift from marts.product_affinity")
    }
    for pair in planted:
        if pair["baskets_with_both"] < MIN_SUPPORT * pair["baskets"]:
            continue
        found = held.get((pair["product_a"], pair["product_b"]), (None, None))
        name = f"{pair['product_a']} with {pair['product_b']}"
        yield exact(f"baskets of {name}", pair["baskets_with_both"], found[0])
        yield near(f"lift of {name}", pair["lift"], found[1], relative=1e-9)


def experiment_result(shop: Loaded, planted: dict[str, Any]) -> Iterator[Comparison]:
    """Users and conversions of each arm, the guard against a broken split, the planted lift inside the interval."""
    name = planted["experiment_id"]
    rows = shop.rows(f"""
        select experiment_variant, assigned_count, conversion_count, crossover_count, immature_count,
            has_sample_ratio_mismatch, verdict, conversion_lift_low, conversion_lift_high
        from marts.experiment_results where experiment_id = '{name}'
    """)
    yield same_rows(
        f"{name}: users of each arm",
        {variant: counts["users"] for variant, counts in planted["variants"].items()},
        {row[0]: row[1] for row in rows},
    )
    if not sum(row[4] for row in rows):
        yield same_rows(
            f"{name}: conversions of each arm",
            {variant: counts["conversions"] for variant, counts in planted["variants"].items()},
            {row[0]: row[2] for row in rows},
        )
    yield exact(f"{name}: crossovers", planted["crossovers"], int(sum(row[3] for row in rows)))
    [treatment] = [row for row in rows if row[0] != "control"]
    yield exact(f"{name}: sample ratio mismatch", planted["sample_ratio_mismatch"], treatment[5])
    if planted["sample_ratio_mismatch"]:
        yield exact(f"{name}: verdict", "no verdict: sample ratio mismatch", treatment[6])
    else:
        low, high = treatment[7:]
        inside = low is not None and low <= planted["planted_lift"] <= high
        shown = "none" if low is None else f"{low:.3f} … {high:.3f}"
        yield Comparison(
            f"{name}: interval of the lift holds the planted one", f"{planted['planted_lift']}", shown, "inside", inside
        )


def retention(shop: Loaded, planted: dict[str, Any]) -> Iterator[Comparison]:
    """Customers of each cohort and month, counted in the files of the data set."""
    rejected = planted["quarantine"].get("orders", [])
    connection = duckdb.connect()
    connection.execute("create table rejected (order_id varchar)")
    connection.executemany("insert into rejected values (?)", [[row["order_id"]] for row in rejected] or [[""]])
    expected = connection.execute(f"""
        with owners as (
            select lower(trim(email)) as email, customer_id
            from '{shop.files}/customers.parquet'
            where email is not null
            qualify row_number() over (partition by lower(trim(email)) order by updated_at desc, customer_id) = 1
        ),
        bought as (
            select distinct
                coalesce(o.customer_id, owners.customer_id, lower(trim(o.email))) as customer,
                date_trunc('month', timezone('{shop.dataset.timezone.key}', o.ordered_at)) as month
            from '{shop.files}/orders.parquet' as o
            left join owners on lower(trim(o.email)) = owners.email
            where o.status not in ('cancelled', 'test') and o.order_id not in (select order_id from rejected)
        ),
        cohorts as (select *, min(month) over (partition by customer) as cohort from bought where customer is not null)
        select strftime(cohort, '%Y-%m'), datediff('month', cohort, month), count(*) from cohorts group by all
    """).fetchall()
    yield same_rows(
        "customers of each cohort and month",
        {row[:2]: row[2] for row in expected},
        {
            row[:2]: row[2]
            for row in shop.rows("""
                select to_char(cohort_month, 'YYYY-MM'), month_number, observed_customers
                from marts.cohort_retention
                where observed_customers > 0
            """)
        },
    )
