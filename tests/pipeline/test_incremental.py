"""Builds that take in what changed end in the tables that a build of everything makes, row for row."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from include.building import record
from include.lake import DayVersion
from local.stack import Stack
from tests.pipeline.conftest import Pipeline
from tests.pipeline.dbt import Dbt, parsed
from tests.pipeline.histories import Shop

SEEDS = range(int(os.environ.get("FIRST_SEED", "0")), int(os.environ.get("FIRST_SEED", "0")) + 30)
BUILDS = 5
BUILD = ("build", "--resource-type", "seed", "--resource-type", "model")
# What a row is made of says when it was computed, too; that differs.
BOOKKEEPING = {"BUILD_NUMBER"}


@pytest.fixture(scope="module")
def dbt(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    with parsed(stack, tmp_path_factory.mktemp("dbt")) as project:
        yield project


def arrive(pipeline: Pipeline, shops: list[Shop]) -> int:
    """Publish what comes next of all shops, one batch a table and export time; return the rows."""
    rows = Counter[str]()
    arrivals = [shop.next_arrival() for shop in shops]
    for table in ("orders", "order_items", "refunds", "customers", "products", "web_events"):
        made = [row for arrival in arrivals for row in arrival.rows[table]]
        days = (
            {day: at for arrival in arrivals for day, at in arrival.exported.items()} if table == "web_events" else {}
        )
        if made or days:
            versions = [DayVersion(day.isoformat(), at.isoformat()) for day, at in sorted(days.items())]
            pipeline.load(table, made, versions).check()
            rows[table] += len(made)
    return rows.total()


def marts(pipeline: Pipeline) -> dict[str, Counter]:
    """Rows of every mart, as often as they are there."""
    tables = pipeline.warehouse.execute(
        "select table_name from information_schema.tables where table_schema = 'MARTS' order by table_name"
    ).fetchall()
    held = {}
    for (table,) in tables:
        cursor = pipeline.warehouse.execute(f"select * from marts.{table}")
        kept = [n for n, column in enumerate(cursor.description) if column.name not in BOOKKEEPING]
        held[table] = Counter(tuple(str(row[n]) for n in kept) for row in cursor.fetchall())
    return held


def test_incremental_builds_equal_a_full_refresh(pipeline: Pipeline, dbt: Dbt) -> None:
    shops = [Shop(seed) for seed in SEEDS]
    started = datetime(2026, 7, 1)
    for number in range(BUILDS):
        for _ in range(1 + number % 2):  # a build may find several batches of a table
            assert arrive(pipeline, shops) > 0
        dbt.run(*BUILD, *(["--full-refresh"] if number == 0 else []))
        record(pipeline.warehouse, f"build {number}", started + timedelta(days=number))

    incremental = marts(pipeline)
    assert incremental["FCT_ORDERS"] and incremental["FCT_SESSIONS"] and incremental["PRODUCT_AFFINITY"]
    dbt.run(*BUILD, "--full-refresh")
    full = marts(pipeline)
    assert incremental.keys() == full.keys()
    differences = [
        f"{table}: {what} {row}"
        for table in full
        for what, rows in (
            ("only incremental", incremental[table] - full[table]),
            ("only full refresh", full[table] - incremental[table]),
        )
        for row in sorted(rows)[:5]
    ]
    assert not differences, "\n".join(["the seed is the number after s in a key", *differences])


def test_a_build_without_news_computes_nothing_again(pipeline: Pipeline, dbt: Dbt) -> None:
    arrive(pipeline, [Shop(seed) for seed in range(5)])
    dbt.run(*BUILD, "--full-refresh")
    number, _ = record(pipeline.warehouse, "first", None)
    before = marts(pipeline)
    dbt.run(*BUILD)
    assert marts(pipeline) == before
    for table in ("marts.fct_orders", "marts.fct_order_items", "marts.fct_web_events", "marts.fct_sessions"):
        assert pipeline.count(f"{table} where build_number != {number}") == 0, table


def test_data_tests_hold_and_unit_tests_pass(pipeline: Pipeline, dbt: Dbt) -> None:
    arrive(pipeline, [Shop(seed) for seed in range(5)])
    dbt.run("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    dbt.run("test", "--select", "test_type:unit")
