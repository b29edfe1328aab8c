"""The simulated shop through everything, killed once in the middle: rows accounted for, the planted truth, reruns."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local.benchmarks import build
from local.loading import BUILD, INGEST
from tests.end_to_end.killed import KilledDemo, kill_a_demo
from tests.end_to_end.loaded import TIMEOUT_SECONDS, Loaded, loaded

SPEC = "simulated:customers=150,days=30"
TABLES = ("orders", "order_items", "refunds", "products", "customers", "web_events")
COUNTS = """
select
    table_name,
    batch_id,
    inserted_rows,
    updated_rows,
    superseded_rows,
    quarantined_rows
from audit.loads
order by batch_id
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def killed(state: Path, tmp_path_factory: pytest.TempPathFactory) -> KilledDemo:
    return kill_a_demo(SPEC, state, tmp_path_factory.mktemp("killed") / "output.txt")


@pytest.fixture(scope="module")
def shop(killed: KilledDemo, state: Path) -> Iterator[Loaded]:
    """The shop after a load that was killed in the middle went on: it must not show."""
    with loaded(SPEC, state) as held:
        yield held


@pytest.fixture(scope="module")
def source(shop: Loaded) -> duckdb.DuckDBPyConnection:
    """The data set's files as tables."""
    connection = duckdb.connect()
    for table in ("orders", "order_items", "refunds", "products", "customers"):
        connection.execute(f"create view {table} as from '{shop.files}/{table}.parquet'")
    connection.execute(f"create view events as from '{shop.files}/events/*/*.parquet'")
    return connection


@pytest.fixture(scope="module")
def planted(shop: Loaded) -> dict[str, Any]:
    return json.loads((shop.files / "dataset.json").read_text())["planted"]


def planted_keys(planted: dict[str, Any], table: str, key: str) -> set[str]:
    return {row[key] for row in planted["quarantine"][table]}


def test_a_killed_demo_says_what_happened_and_leaves_nothing_running(killed: KilledDemo) -> None:
    assert killed.exit_code == 1
    assert "error: " in killed.output
    assert not killed.leftovers


def test_every_batch_is_accounted_for_in_rows_and_money(shop: Loaded) -> None:
    unbalanced = shop.rows("""
        select batch_id
        from audit.loads
        where extracted_rows != landed_rows
            or landed_rows != inserted_rows + updated_rows + superseded_rows + quarantined_rows
            or extracted_money != inserted_money + updated_money + superseded_money + quarantined_money
    """)
    assert unbalanced == []
    batches = shop.rows("select table_name, count(*), sum(extracted_rows) from audit.loads group by table_name")
    assert {table: count for table, count, _ in batches} == dict.fromkeys(TABLES, 2)
    assert all(extracted > 0 for _, _, extracted in batches)


def test_source_rows_are_in_staging_or_quarantine(shop: Loaded, source: duckdb.DuckDBPyConnection) -> None:
    places = {
        "orders": ("staging.orders", "quarantine.orders", "order_id"),
        "order_items": ("staging.order_items", "quarantine.order_items", "order_item_id"),
        "refunds": ("staging.refunds", "quarantine.refunds", "refund_id"),
        "products": ("staging.products", "quarantine.products", "product_id || updated_at::varchar"),
        "customers": ("pii.customers", "pii.quarantine_customers", "customer_id || updated_at::varchar"),
    }
    for table, (staging, quarantine, key) in places.items():
        expected = source.sql(f"select count(*) from {table}").fetchall()
        held = shop.rows(
            f"select count(distinct k) from (select {key} k from {staging} union select {key} from {quarantine})"
        )
        assert held == expected, table
    [(expected_events,)] = source.sql("select count(*) from events").fetchall()
    held_events = (
        shop.row("select count(*) from staging.web_events")[0]
        + shop.row("select count(*) from quarantine.web_events")[0]
    )
    assert held_events == expected_events


def test_quarantine_holds_exactly_the_planted_rows(shop: Loaded, planted: dict[str, Any]) -> None:
    held = {
        "order_items": ("order_item_id", "quarantine.order_items"),
        "refunds": ("refund_id", "quarantine.refunds"),
        "products": ("product_id", "quarantine.products"),
        "customers": ("customer_id", "pii.quarantine_customers"),
    }
    for table, (key, place) in held.items():
        found = {value for (value,) in shop.rows(f"select distinct {key} from {place}")}
        assert found == planted_keys(planted, table, key), table
    visitors = {value for (value,) in shop.rows("select distinct user_pseudo_id from quarantine.web_events")}
    assert visitors == planted_keys(planted, "events", "user_pseudo_id")
    assert shop.rows("select * from quarantine.orders") == []


def test_marts_hold_the_truth_of_the_source(
    shop: Loaded, source: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    flawed_items = list(planted_keys(planted, "order_items", "order_item_id"))
    flawed_refunds = list(planted_keys(planted, "refunds", "refund_id"))
    sales = """
        select sum(line_amount), sum(discount_amount), count(distinct order_id)
        from order_items
        inner join orders using (order_id)
        where status not in ('cancelled', 'test') and order_item_id not in (select unnest(?))
    """
    refunds = """
        select sum(amount)
        from refunds
        left join orders using (order_id)
        where refund_id not in (select unnest(?)) and coalesce(status, '') not in ('cancelled', 'test')
    """
    [(gross, discounts, orders)] = source.execute(sales, [flawed_items]).fetchall()
    [(refunded,)] = source.execute(refunds, [flawed_refunds]).fetchall()
    totals = planted["totals"]
    assert (gross, discounts, refunded) == tuple(
        Decimal(totals[name]) for name in ("gross_revenue", "discounts", "refunds")
    )
    kpis = shop.row("""
        select sum(gross_revenue), sum(discount_amount), sum(refund_amount), sum(net_revenue)
        from marts.agg_daily_kpis
    """)
    assert kpis == (gross, discounts, refunded, gross - discounts - refunded)
    facts = shop.row("select sum(gross_revenue), count(*) from marts.fct_orders where is_valid")
    assert facts == (gross, totals["valid_orders"])
    assert orders <= totals["valid_orders"]
    assert shop.row("select sum(order_count) from marts.agg_daily_kpis") == (totals["valid_orders"],)


def test_every_day_is_built(shop: Loaded) -> None:
    last_day = shop.dataset.last_day
    assert shop.rows("select data_through from audit.builds") == [(last_day,)]
    assert shop.row("select max(date_day), count(*) from marts.agg_daily_kpis")[0] == last_day


def test_a_second_pass_changes_nothing(shop: Loaded) -> None:
    before = shop.rows(COUNTS), len(shop.product.api.runs(BUILD))
    shop.load()
    assert (shop.rows(COUNTS), len(shop.product.api.runs(BUILD))) == before


def test_a_backfill_of_three_days_ends_in_three_batches_and_one_build(shop: Loaded) -> None:
    """The days are loaded already, so that their rows must all be superseded by what is there."""
    api = shop.product.api
    builds = {run.run_id for run in api.runs(BUILD)}
    orders = shop.rows("select * exclude (_published_at, _extracted_at) from staging.orders order by order_id")
    first, last = (shop.dataset.last_day - timedelta(days=days) for days in (12, 10))
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", "ingest_orders"]
    span = ["--from-date", first.isoformat(), "--to-date", last.isoformat()]
    subprocess.run(
        [*command, *span], env=shop.product.airflow.environment.variables(), check=True, stdin=subprocess.DEVNULL
    )

    deadline = time.monotonic() + TIMEOUT_SECONDS / 2
    while True:
        days = [run for run in api.runs("ingest_orders") if run.run_id.startswith("backfill")]
        new_builds = [run for run in api.runs(BUILD) if run.run_id not in builds]
        if len(days) == 3 and new_builds and all(run.is_finished for run in days + new_builds):
            break
        shop.product.check()
        assert time.monotonic() < deadline, f"the backfill did not end: {days} {new_builds}"
        time.sleep(2)

    assert [run.state for run in days + new_builds] == ["success"] * 4
    batches = shop.rows("""
        select table_name, count(*), sum(inserted_rows + updated_rows)
        from audit.loads
        where run_id like 'backfill%' and table_name in ('order_items', 'orders', 'refunds')
        group by table_name
        order by table_name
    """)
    assert batches == [("order_items", 3, 0), ("orders", 3, 0), ("refunds", 3, 0)]
    assert shop.rows("select * exclude (_published_at, _extracted_at) from staging.orders order by order_id") == orders


def test_the_benchmark_of_the_build_measures_a_run_beside_a_plain_build(shop: Loaded, tmp_path: Path) -> None:
    [row] = build.measured(shop.product, tmp_path, 1, print, time.monotonic() + TIMEOUT_SECONDS)
    assert row.details["dataset"] == shop.dataset.id
    assert min(*row.details["seconds"], *row.details["plain_seconds"]) > 0


def test_no_run_waits_for_anything_at_the_end(shop: Loaded) -> None:
    states = {run.state for dag_id in (*INGEST, BUILD) for run in shop.product.api.runs(dag_id)}
    assert states == {"success"}
