"""Builds that take in what changed end in the tables that a build of everything makes, row for row."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include import deletions
from include.building import record
from include.deletions import Gone
from include.lake import DayVersion
from include.publish import Published, publish
from include.replay import Choice, replay
from include.window import Window
from local.stack import Stack
from tests.pipeline.conftest import LONDON, RUN, Pipeline
from tests.pipeline.dbt import Dbt, parsed
from tests.pipeline.histories import KEYS, Shop

SEEDS = range(int(os.environ.get("FIRST_SEED", "0")), int(os.environ.get("FIRST_SEED", "0")) + 30)
TABLES = ("orders", "order_items", "refunds", "customers", "products", "web_events")
BUILDS = 5
SPAN = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), LONDON)
BUILD = ("build", "--resource-type", "seed", "--resource-type", "model")
# What a row is made of says when it was computed, too; that differs.
BOOKKEEPING = {"BUILD_NUMBER"}


@pytest.fixture(scope="module")
def dbt(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    with parsed(stack, tmp_path_factory.mktemp("dbt")) as project:
        yield project


def arrive(pipeline: Pipeline, shops: list[Shop], load: Callable[..., Published] = Pipeline.load) -> int:
    """Publish what comes next of all shops, one batch a table and export time, and what is gone; return the rows."""
    rows = Counter[str]()
    arrivals = [shop.next_arrival() for shop in shops]
    for table in TABLES:
        made = [row for arrival in arrivals for row in arrival.rows[table]]
        days = (
            {day: at for arrival in arrivals for day, at in arrival.exported.items()} if table == "web_events" else {}
        )
        if made or days:
            versions = [DayVersion(day.isoformat(), at.isoformat()) for day, at in sorted(days.items())]
            load(pipeline, table, made, versions).check()
            rows[table] += len(made)
    for table in KEYS:
        gone = {key for arrival in arrivals for key in arrival.gone[table]}
        if gone:
            take_out(pipeline, table, gone)
    return rows.total()


def take_out(pipeline: Pipeline, table: str, keys: set[str]) -> None:
    """The source has been found without these keys."""
    asked_at = pipeline.look()
    gone = Gone(table, (SPAN.start.date(),), tuple(keys), asked_at.replace(tzinfo=None))
    deletions.take_out(pipeline.warehouse, gone, SPAN, f"{table}__deleted_{asked_at:%H%M%S}", RUN, unlimited=True)


def load_in_part(pipeline: Pipeline, table: str, made: list[dict[str, Any]], days: list[DayVersion]) -> Published:
    """Publish a batch of which every third row is set aside, for a reason that no suite has."""
    batch = pipeline.land(table, made, days)
    rejects = batch.contract.landing(batch.id, "__rejects")
    pipeline.warehouse.run("publish/create_rejects.sql", rejects=rejects)
    pipeline.warehouse.execute(
        f"insert into {rejects} select _row_number, 'mistaken' from {batch.table} where mod(_row_number, 3) = 1"
    )
    published = publish(pipeline.warehouse, batch, RUN)
    assert published is not None
    return published


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

    assert pipeline.count("staging.stg_deleted_rows") > len(SEEDS)
    assert pipeline.count("staging.order_items where _absent_at is not null and _deleted_at is null") > 0
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


def test_a_build_takes_in_what_a_replay_published(pipeline: Pipeline, dbt: Dbt) -> None:
    shops = [Shop(seed) for seed in range(20)]
    for _ in range(3):
        arrive(pipeline, shops, load_in_part)
    dbt.run(*BUILD, "--full-refresh")
    record(pipeline.warehouse, "first", None)
    before = marts(pipeline)
    for table in TABLES:
        done = replay(pipeline.warehouse, Choice(table), f"{table}__replay_built", RUN, dry_run=False)
        assert done.published.inserted.rows > 0, table
    dbt.run(*BUILD)
    record(pipeline.warehouse, "second", None)
    incremental = marts(pipeline)
    assert incremental["FCT_ORDERS"] != before["FCT_ORDERS"] and incremental["FCT_SESSIONS"] != before["FCT_SESSIONS"]
    dbt.run("test", "--select", "stg_loads stg_built_batches int_pending_batches int_data_through")
    dbt.run(*BUILD, "--full-refresh")
    assert incremental == marts(pipeline)


def test_a_build_without_news_computes_nothing_again(pipeline: Pipeline, dbt: Dbt) -> None:
    arrive(pipeline, [Shop(seed) for seed in range(5)])
    dbt.run(*BUILD, "--full-refresh")
    number, _ = record(pipeline.warehouse, "first", None)
    before = marts(pipeline)
    dbt.run(*BUILD)
    assert marts(pipeline) == before
    for table in ("marts.fct_orders", "marts.fct_order_items", "marts.fct_web_events", "marts.fct_sessions"):
        assert pipeline.count(f"{table} where build_number != {number}") == 0, table


def test_data_tests_hold_unit_tests_pass_and_the_documentation_knows_every_column(pipeline: Pipeline, dbt: Dbt) -> None:
    arrive(pipeline, [Shop(seed) for seed in range(5)])
    dbt.run("build", "--full-refresh", "--exclude-resource-type", "unit_test")
    dbt.run("test", "--select", "test_type:unit")
    documented = dbt.document()
    models = {node.name: node for node in dbt.manifest.nodes.values() if node.resource_type == "model"}
    assert models.keys() <= documented.keys()
    for name, model in models.items():
        described = {column.lower() for column, known in model.columns.items() if known.description}
        assert {column.lower() for column in documented[name]["columns"]} == described, name
