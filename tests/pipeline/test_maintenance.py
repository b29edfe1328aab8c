"""Tables of batches that are over are dropped, each with an audit row; those of a batch in flight never are."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from include import config
from include.maintenance import ENDED, PUBLISHED, maintain
from include.publish import publish
from tests.pipeline.conftest import RUN, Pipeline
from tests.pipeline.rows import customer, order, web_event

LATER = timedelta(days=config.LANDING_TABLES_DAYS, hours=1)
BAD = order("BAD", currency="pounds")  # is set aside: only then there is a table of rejects
MAINTAINED = ("maintain_warehouse", "scheduled__1")


def batch_id(table: str) -> str:
    return f"{table}__20260601_20260602_{uuid.uuid4().hex[:10]}"


def load(pipeline: Pipeline, table: str, made: list[dict], days: tuple = (), published: bool = True) -> str:
    """A batch through its gate, as the tasks name it; its id."""
    named = batch_id(table)
    batch = pipeline.land(table, made, list(days), run=named.removeprefix(f"{table}__"))
    verdict = pipeline.gate(batch)
    if published:
        publish(pipeline.warehouse, batch, RUN, rejected=verdict.rejected_rows)
    return named


@pytest.fixture
def left(pipeline: Pipeline) -> Callable[[str], list[str]]:
    """Names of the tables that a batch has left."""

    def left(named: str) -> list[str]:
        rows = pipeline.warehouse.execute(
            "select lower(table_schema || '.' || table_name) from information_schema.tables "
            "where startswith(lower(table_name), %(batch)s)",
            {"batch": named},
        )
        return sorted(name for (name,) in rows.fetchall())

    return left


def maintained(
    pipeline: Pipeline, after: timedelta = LATER, idle: Callable[[str], bool] = lambda dag_id: True, dry: bool = False
) -> int:
    """Maintenance at a time from now."""
    return maintain(pipeline.warehouse, datetime.now(UTC) + after, idle, MAINTAINED, dry_run=dry)


def published_ago(pipeline: Pipeline, named: str, ago: timedelta) -> None:
    moment = (datetime.now(UTC) + LATER - ago).replace(tzinfo=None)
    pipeline.warehouse.execute(
        "update audit.loads set published_at = %(moment)s where batch_id = %(batch)s",
        {"moment": moment, "batch": named},
    )


@pytest.fixture(autouse=True)
def nothing_left(pipeline: Pipeline) -> None:
    """What other tests have left is gone."""
    maintained(pipeline, timedelta(days=400))
    pipeline.warehouse.execute("truncate table audit.maintenance")


def test_all_tables_of_a_published_batch_go_when_they_are_old_and_each_has_an_audit_row(pipeline, left, day_of):
    orders = load(pipeline, "orders", [order("O1"), order("O2"), BAD])
    customers = load(pipeline, "customers", [customer()])
    events = load(pipeline, "web_events", [web_event()], (day_of(1, 6),))
    pipeline.warehouse.execute(f"create transient table raw.{events}__days (day date)")  # of a version before
    tables = [
        *(f"raw.{orders}{suffix}" for suffix in ("", "__candidates", "__rejects")),
        *(f"pii.{customers}{suffix}" for suffix in ("", "__candidates")),
        *(f"raw.{events}{suffix}" for suffix in ("", "__candidates", "__days")),
    ]
    assert sorted(left(orders) + left(customers) + left(events)) == sorted(tables)
    assert maintained(pipeline, LATER - timedelta(hours=2)) == 0
    assert maintained(pipeline) == len(tables)
    assert left(orders) + left(customers) + left(events) == []
    rows = pipeline.warehouse.execute(
        "select table_name, batch_id, reason, dag_id, run_id, created_at < dropped_at from audit.maintenance"
    ).fetchall()
    assert sorted(rows) == sorted(
        (name, name.split(".")[1].removesuffix("__days").removesuffix("__rejects").removesuffix("__candidates"),
         PUBLISHED, *MAINTAINED, True)
        for name in tables
    )  # fmt: skip
    assert pipeline.count("staging.orders") == 2
    assert pipeline.count("pii.customers") == 1


def test_a_batch_that_was_published_lately_keeps_its_tables(pipeline, left):
    """It landed long ago and was stopped; its gate was opened today."""
    named = load(pipeline, "orders", [order(), BAD])
    published_ago(pipeline, named, timedelta(days=1))
    assert maintained(pipeline) == 0
    assert len(left(named)) == 3
    published_ago(pipeline, named, LATER)
    assert maintained(pipeline) == 3


def test_a_batch_in_flight_keeps_its_tables_however_old(pipeline, left):
    orders = load(pipeline, "orders", [order(), BAD], published=False)
    customers = load(pipeline, "customers", [customer()], published=False)
    replay = f"orders__replay_{uuid.uuid4().hex[:10]}"
    pipeline.warehouse.execute(f"create or replace transient table raw.{replay} (order_id varchar)")
    assert maintained(pipeline, idle=lambda dag_id: dag_id != "ingest_orders") == 2  # the others' DAGs have no run
    assert (len(left(orders)), left(customers), left(replay)) == (2, [], [])
    assert maintained(pipeline) == 2
    assert pipeline.warehouse.execute("select distinct reason from audit.maintenance").fetchall() == [(ENDED,)]


def test_a_replay_under_way_keeps_its_tables(pipeline, left):
    replay = f"orders__replay_{uuid.uuid4().hex[:10]}"
    pipeline.warehouse.execute(f"create or replace transient table raw.{replay} (order_id varchar)")
    assert maintained(pipeline, idle=lambda dag_id: dag_id != "replay_quarantine") == 0
    assert left(replay) == [f"raw.{replay}"]
    assert maintained(pipeline) == 1


def test_keys_of_a_removal_that_was_killed_go_and_not_before_it_is_over(pipeline, left):
    named = [f"orders__deleted_{uuid.uuid4().hex[:10]}" for _ in range(2)]
    for name in named:
        pipeline.warehouse.run("deletions/create_keys.sql", gone=f"raw.{name}")
    done = {"batch_id": named[0], "table_name": "orders", "dag_id": "ingest_orders", "run_id": "r", "code_version": "t"}
    done |= {"first_day": "2026-06-01", "last_day": "2026-06-01", "asked_at": datetime(2026, 6, 2)}
    done |= {f"{what}_rows": 0 for what in ("held", "deleted", "left", "quarantined")}
    done["published_at"] = (datetime.now(UTC) - timedelta(minutes=1)).replace(tzinfo=None)
    pipeline.warehouse.insert("audit.deletions", tuple(done), [tuple(done.values())])
    assert maintained(pipeline, LATER - timedelta(hours=2)) == 0
    assert maintained(pipeline, idle=lambda dag_id: dag_id != "ingest_orders") == 1
    assert [left(name) for name in named] == [[], [f"raw.{named[1]}"]]
    assert maintained(pipeline) == 1
    reasons = pipeline.warehouse.execute("select batch_id, reason from audit.maintenance").fetchall()
    assert sorted(reasons) == sorted(zip(named, (PUBLISHED, ENDED), strict=True))


def test_a_dry_run_counts_and_drops_nothing(pipeline, left):
    named = load(pipeline, "orders", [order(), BAD])
    assert maintained(pipeline, dry=True) == 3
    assert len(left(named)) == 3
    assert pipeline.count("audit.maintenance") == 0


@pytest.mark.parametrize(
    "name", ["orders", "orders__backup", "orders__20260601_20260602_0123456789__kept", "people__replay_0123456789"]
)
def test_a_table_that_is_no_batchs_own_stays(pipeline, name):
    pipeline.warehouse.execute(f"create or replace transient table raw.{name} (order_id varchar)")
    try:
        assert maintained(pipeline) == 0
        assert pipeline.count(f"raw.{name}") == 0
    finally:
        pipeline.warehouse.execute(f"drop table raw.{name}")


def test_a_drop_that_was_cut_off_is_done_the_next_time_with_one_audit_row(pipeline, left, monkeypatch):
    named = load(pipeline, "orders", [order(), BAD])
    run = pipeline.warehouse.run

    def cut_off(file: str, *arguments: object, **names: object) -> object:
        if file == "load/drop_landing.sql":
            raise ConnectionError("the warehouse went away")
        return run(file, *arguments, **names)

    monkeypatch.setattr(pipeline.warehouse, "run", cut_off)
    with pytest.raises(ConnectionError):
        maintained(pipeline)
    assert (len(left(named)), pipeline.count("audit.maintenance")) == (3, 1)
    monkeypatch.setattr(pipeline.warehouse, "run", run)
    assert maintained(pipeline) == 3
    assert (left(named), pipeline.count("audit.maintenance")) == ([], 3)
