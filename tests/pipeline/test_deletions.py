"""Rows deleted in the order database leave staging and the marts, are accounted for, and come back when they do."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from include import deletions, ingest
from include import reconcile as reconciliation
from include.bootstrap import bootstrap
from include.building import record
from include.contracts import contract
from include.deletions import DeletionsRefused, Gone, Removed, SourceMovedOn
from include.landing import LandedBatch
from include.publish import Amount, ConservationError, publish
from include.reconcile import reload_days
from include.replay import Choice, replay
from include.sources import orders as order_source
from include.window import Window, run_window
from local.stack import Stack
from tests.pipeline.conftest import LONDON, RUN, Pipeline
from tests.pipeline.dbt import Dbt, parsed
from tests.pipeline.rows import MORNING, order
from tests.pipeline.test_reconcile import WINDOW, load, reconciled

TABLES = ("orders", "order_items", "refunds")
LATER = MORNING + timedelta(hours=1)
JUNE = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), LONDON)


@pytest.fixture
def shop(stack: Stack) -> Iterator[psycopg.Connection]:
    """The order database, to write to; afterwards it is as it was."""
    endpoint = stack.endpoints["postgres"]
    with psycopg.connect(
        host=endpoint["socket_dir"],
        port=endpoint["port"],
        dbname=endpoint["order_db"],
        user=endpoint["user"],
        autocommit=True,
    ) as connection:
        for table in TABLES:
            connection.execute(f"create temporary table saved_{table} as table {table}")  # type: ignore[arg-type]
        yield connection
        for table in TABLES:
            connection.execute(f"truncate {table}")  # type: ignore[arg-type]
            connection.execute(f"insert into {table} table saved_{table}")  # type: ignore[arg-type]


@pytest.fixture
def loaded(pipeline: Pipeline, shop: psycopg.Connection) -> Pipeline:
    """The shop's tables in staging, as the source has them."""
    for table in TABLES:
        load(pipeline, table, WINDOW)
    return pipeline


def removed(pipeline: Pipeline, table: str, number: int = 1, *, unlimited: bool = False) -> Removed | None:
    """What a run that is asked to mend the days that differ takes out of a table."""
    days = [difference.day for difference in reconciled(pipeline, table).differences]
    batch = f"{table}__deleted_{number}"
    return deletions.remove(pipeline.warehouse, table, days, WINDOW, batch, RUN, unlimited=unlimited)


def shown(pipeline: Pipeline, table: str) -> list[tuple]:
    """What readers see of a table."""
    agreed = contract(table)
    names = ", ".join(agreed.column_names)
    return pipeline.warehouse.execute(
        f"select {names} from {agreed.target} where _deleted_at is null order by {names}"
    ).fetchall()


def total(pipeline: Pipeline, table: str) -> Amount:
    agreed = contract(table)
    [(rows, money)] = pipeline.warehouse.execute(
        f"select count(*), sum({agreed.money}) from {agreed.target} where _deleted_at is null"
    ).fetchall()
    return Amount(rows, money)


def an_order(pipeline: Pipeline) -> tuple[str, int, Decimal]:
    """An order of several lines and no refund: its number, lines and the sum of their amounts."""
    return pipeline.warehouse.execute(
        "select order_id, count(*), sum(line_amount) from staging.order_items "
        "where order_id in (select order_id from staging.orders) "
        "and order_id not in (select order_id from staging.refunds where order_id is not null) "
        "group by order_id having count(*) between 2 and 3 order by order_id limit 1"
    ).fetchall()[0]


def delete_order(shop: psycopg.Connection, order_id: str) -> None:
    shop.execute("delete from order_items where order_id = %s", (order_id,))
    shop.execute("delete from orders where order_id = %s", (order_id,))


def test_a_removal_takes_its_turn_among_those_who_publish_the_table(loaded, shop):
    order_id, _, _ = an_order(loaded)
    delete_order(shop, order_id)
    gone = removed(loaded, "orders")
    turn = contract("orders").turn
    assert loaded.warehouse.execute(f"select table_name, batch_id from {turn}").fetchall() == [
        ("orders", gone.batch_id)
    ]


def test_an_order_deleted_in_the_source_leaves_with_its_lines_to_the_cent(loaded, shop):
    order_id, lines, money = an_order(loaded)
    before = {table: total(loaded, table) for table in TABLES}
    [(placed,)] = shop.execute("select total_amount from orders where order_id = %s", (order_id,)).fetchall()
    delete_order(shop, order_id)

    gone = removed(loaded, "orders"), removed(loaded, "order_items")
    assert [(each.deleted, each.quarantined.rows) for each in gone] == [
        (Amount(1, placed), 0),
        (Amount(lines, money), 0),
    ]
    for table, each in zip(TABLES, gone, strict=False):
        assert total(loaded, table) + each.deleted == before[table]
        assert not reconciled(loaded, table).differences
    audited = loaded.warehouse.execute(
        "select table_name, deleted_rows, deleted_money, held_rows - left_rows, held_money - left_money, "
        "quarantined_rows, run_id from audit.deletions order by table_name desc"
    ).fetchall()
    assert audited == [
        ("orders", 1, placed, 1, placed, 0, RUN.run_id),
        ("order_items", lines, money, lines, money, 0, RUN.run_id),
    ]


def test_taking_out_again_changes_nothing(loaded, shop):
    delete_order(shop, an_order(loaded)[0])
    assert removed(loaded, "orders", 1) is not None
    state = loaded.warehouse.execute("select * from staging.orders order by order_id").fetchall()
    every_day = list(WINDOW.days())
    assert deletions.remove(loaded.warehouse, "orders", every_day, WINDOW, "orders__deleted_2", RUN) is None
    assert loaded.warehouse.execute("select * from staging.orders order by order_id").fetchall() == state
    assert loaded.count("audit.deletions") == 1
    assert loaded.warehouse.execute(
        "select table_name from information_schema.tables where contains(lower(table_name), '__deleted_')"
    ).fetchall() == []  # fmt: skip


def test_a_line_of_a_deleted_order_is_gone_even_where_the_source_forgot_it(loaded, shop):
    order_id, lines, _ = an_order(loaded)
    shop.execute("delete from orders where order_id = %s", (order_id,))
    assert removed(loaded, "order_items").deleted.rows == lines
    assert not reconciled(loaded, "order_items").differences


def test_a_row_that_is_there_again_comes_back_with_the_next_load_and_only_then(loaded, shop):
    order_id, _, _ = an_order(loaded)
    before = shown(loaded, "orders")
    delete_order(shop, order_id)
    removed(loaded, "orders")
    load(loaded, "orders", WINDOW, 2)
    assert order_id not in {row[0] for row in shown(loaded, "orders")}
    shop.execute("insert into orders select * from saved_orders where order_id = %s", (order_id,))
    assert len(reconciled(loaded, "orders").differences) == 1
    load(loaded, "orders", WINDOW, 3)
    assert shown(loaded, "orders") == before
    assert not reconciled(loaded, "orders").differences


def test_changes_that_left_updated_at_as_it_was_come_with_the_span_that_reconciling_names(loaded, shop):
    """Eight rows, so that some of the new contents have a smaller hash than the old ones."""
    eight = "(select order_id from saved_orders order by order_id limit 8)"
    shop.execute(f"update orders set total_amount = total_amount + 1 where order_id in {eight}")
    found = reconciled(loaded, "orders")
    assert sum(difference.source[1] - difference.warehouse[1] for difference in found.differences) == 8
    assert found.reload is not None
    start, end = reload_days(found.reload)
    load(loaded, "orders", run_window({"start": str(start), "end": str(end)}, None, None, LONDON), 2)
    assert not reconciled(loaded, "orders").differences


def test_a_row_in_quarantine_that_the_source_no_longer_has_counts_nowhere_and_is_not_replayed(pipeline, shop):
    day = shop.execute("select (min(ordered_at) at time zone 'Europe/London')::date from orders").fetchall()[0][0]
    load(pipeline, "orders", WINDOW)
    moment = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
    bad = pipeline.land("orders", [order("BAD", currency="pounds", ordered_at=moment, updated_at=moment)])
    pipeline.gate(bad)
    assert publish(pipeline.warehouse, bad, RUN) is not None
    assert [difference.gone for difference in reconciled(pipeline, "orders").differences] == [1]
    gone = removed(pipeline, "orders")
    assert (gone.deleted.rows, gone.quarantined) == (0, Amount(1, Decimal("12.3450")))
    assert not reconciled(pipeline, "orders").differences
    replayed = replay(pipeline.warehouse, Choice("orders"), "orders__replay_gone", RUN, dry_run=False)
    assert replayed.published.landed.rows == 0


def test_a_source_that_answers_with_nothing_is_not_believed_unless_a_person_says_so(loaded, shop):
    before = shown(loaded, "refunds"), loaded.count("audit.deletions")
    shop.execute("truncate refunds")
    with pytest.raises(DeletionsRefused, match=r"100\.0% of the rows and 100\.0% of the money .* Nothing was deleted"):
        removed(loaded, "refunds")
    assert (shown(loaded, "refunds"), loaded.count("audit.deletions")) == before
    assert removed(loaded, "refunds", unlimited=True).deleted.rows == len(before[0])
    assert shown(loaded, "refunds") == []


def test_a_table_without_money_is_compared_and_mended_by_its_rows(loaded, shop, monkeypatch):
    moneyless = replace(contract("refunds"), money=None)
    for module in (deletions, reconciliation, order_source):
        monkeypatch.setattr(module, "contract", lambda table: moneyless)
    assert reconciled(loaded, "refunds").differences == []
    shop.execute("delete from refunds where refund_id = (select min(refund_id) from refunds)")
    assert [difference.gone for difference in reconciled(loaded, "refunds").differences] == [1]
    assert removed(loaded, "refunds", unlimited=True).deleted == Amount(1, Decimal(0))
    assert reconciled(loaded, "refunds").differences == []


def test_few_rows_of_much_money_are_refused_too(loaded, shop):
    loaded.warehouse.execute(
        "update staging.orders set total_amount = 1000000 where order_id = %(id)s", {"id": an_order(loaded)[0]}
    )
    delete_order(shop, an_order(loaded)[0])
    with pytest.raises(DeletionsRefused, match=r"of the rows and 9\d\.\d% of the money"):
        removed(loaded, "orders")


def test_a_load_that_read_the_source_meanwhile_stops_the_removal(loaded, shop, monkeypatch):
    order_id, _, _ = an_order(loaded)
    delete_order(shop, order_id)
    missing = order_source.missing

    def overtaken(*arguments: Any) -> Any:
        found = missing(*arguments)
        shop.execute("insert into orders select * from saved_orders where order_id = %s", (order_id,))
        load(loaded, "orders", WINDOW, 2)
        return found

    days = [difference.day for difference in reconciled(loaded, "orders").differences]
    held = "select * exclude (_extracted_at) from staging.orders order by order_id"
    before = loaded.warehouse.execute(held).fetchall()
    monkeypatch.setattr(order_source, "missing", overtaken)
    with pytest.raises(SourceMovedOn, match="nothing was deleted"):
        deletions.remove(loaded.warehouse, "orders", days, WINDOW, "orders__deleted_1", RUN)
    assert loaded.warehouse.execute(held).fetchall() == before
    assert loaded.count("audit.deletions") == 0


LOSSES = {
    "another row vanishes": "delete from staging.orders where _deleted_at is null and order_id in "
    "(select min(order_id) from staging.orders where _deleted_at is null)",
    "money changes": "update staging.orders set total_amount = total_amount + 0.0001 where _deleted_at is not null",
    "a row comes back": "update staging.orders set _deleted_at = null where _deleted_at is not null",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_row_or_cent_that_is_unaccounted_for_rolls_everything_back(loaded, shop, monkeypatch, loss):
    delete_order(shop, an_order(loaded)[0])
    before = loaded.warehouse.execute("select * from staging.orders order by order_id").fetchall()
    run = loaded.warehouse.run

    def losing(name: str, *arguments: Any, **names: Any) -> Any:
        cursor = run(name, *arguments, **names)
        if name == "deletions/mark_rows.sql":
            loaded.warehouse.execute(LOSSES[loss])
        return cursor

    monkeypatch.setattr(loaded.warehouse, "run", losing)
    with pytest.raises(ConservationError, match="nothing was deleted"):
        removed(loaded, "orders")
    assert loaded.warehouse.execute("select * from staging.orders order by order_id").fetchall() == before
    assert loaded.count("audit.deletions") == 0


def publish_read(pipeline: Pipeline, batch: LandedBatch) -> None:
    """Publish a landed batch without a gate."""
    published = publish(pipeline.warehouse, batch, RUN, rejected=0)
    assert published is not None
    published.check()


def found_without(pipeline: Pipeline, *order_ids: str) -> Removed | None:
    """The source was found without these orders now."""
    asked_at = pipeline.look().replace(tzinfo=None)
    gone = Gone("orders", (MORNING.date(),), order_ids, asked_at)
    batch = f"orders__deleted_{asked_at:%H%M%S}"
    return deletions.take_out(pipeline.warehouse, gone, JUNE, batch, RUN, unlimited=True)


def statuses(pipeline: Pipeline) -> list[tuple[str, str]]:
    return [(row[0], row[3]) for row in shown(pipeline, "orders")]


def test_a_batch_read_before_the_deletion_brings_nothing_back_however_late_and_new_it_is(pipeline):
    late = pipeline.land("orders", [order("O1", status="shipped", updated_at=LATER)])
    pipeline.load("orders", [order("O1"), order("O2")])
    assert found_without(pipeline, "O1").deleted.rows == 1
    publish_read(pipeline, late)
    assert statuses(pipeline) == [("O2", "paid")]
    back = pipeline.load("orders", [order("O1", status="pending", updated_at=MORNING - timedelta(hours=1))])
    assert (back.updated.rows, back.superseded.rows) == (1, 0)
    assert statuses(pipeline) == [("O1", "pending"), ("O2", "paid")]
    publish_read(pipeline, pipeline.land("orders", [order("O1", status="paid")]))
    assert statuses(pipeline) == [("O1", "paid"), ("O2", "paid")]


def test_what_was_read_before_the_deletion_does_not_win_after_the_row_is_back(pipeline):
    late = pipeline.land("orders", [order("O1", status="shipped", updated_at=LATER)])
    pipeline.load("orders", [order("O1", status="cancelled", updated_at=LATER)])
    found_without(pipeline, "O1")
    pipeline.load("orders", [order("O1", status="paid")])  # restored from a backup: an older version
    publish_read(pipeline, late)
    assert statuses(pipeline) == [("O1", "paid")]


def test_a_quarantined_row_that_was_read_before_the_deletion_is_not_replayed_into_sight(pipeline):
    late = pipeline.land("orders", [order("O1", currency="pounds", updated_at=LATER)])
    pipeline.load("orders", [order("O1")])
    found_without(pipeline, "O1")
    pipeline.gate(late)
    published = publish(pipeline.warehouse, late, RUN)
    assert published is not None and published.quarantined.rows == 1
    pipeline.warehouse.execute("update quarantine.orders set currency = 'GBP'")
    assert replay(pipeline.warehouse, Choice("orders"), "orders__replay_late", RUN, dry_run=False).released.rows == 1
    assert statuses(pipeline) == []


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_loads_and_deletions_ends_in_what_the_source_holds(pipeline, seed):
    chance = random.Random(seed)
    source: dict[str, dict[str, Any]] = {}
    unpublished: list[LandedBatch] = []
    taken_out = 0

    def mend() -> int:
        held = {row[0] for row in shown(pipeline, "orders")}
        done = found_without(pipeline, *sorted(held - source.keys()))
        return done.deleted.rows if done else 0

    for step in range(6):
        for number in chance.sample(range(6), 4):
            if chance.random() < 0.4:
                source.pop(f"O{number}", None)
            elif f"O{number}" in source and chance.random() < 0.3:  # a change that leaves updated_at as it was
                source[f"O{number}"] |= {"status": chance.choice(["paid", "shipped"])}
            else:
                changed_at = MORNING + timedelta(minutes=step)
                source[f"O{number}"] = order(f"O{number}", status=chance.choice(["paid", "shipped"]),
                                             updated_at=changed_at)  # fmt: skip
        unpublished.append(pipeline.land("orders", list(source.values())))
        chance.shuffle(unpublished)
        while unpublished and chance.random() < 0.8:
            publish_read(pipeline, unpublished.pop())
        if chance.random() < 0.8:
            taken_out += mend()
    for batch in unpublished:
        publish_read(pipeline, batch)
    taken_out += mend()
    assert taken_out > 0
    assert shown(pipeline, "orders") == sorted(tuple(row.values()) for row in source.values()), f"seed {seed}"
    assert mend() == 0


def test_tables_of_an_older_version_get_what_they_lack(pipeline):
    for table in ("staging.orders", "quarantine.orders"):
        pipeline.warehouse.execute(f"alter table {table} drop column _deleted_at")
    pipeline.warehouse.execute("alter table audit.loads drop column extracted_at")
    for _ in range(2):
        bootstrap(pipeline.warehouse)
    pipeline.load("orders", [order("O1"), order("O2")])
    assert found_without(pipeline, "O1").deleted.rows == 1
    assert statuses(pipeline) == [("O2", "paid")]


def asked(monkeypatch: pytest.MonkeyPatch, **params: Any) -> list[dict[str, Any]]:
    """What `reconcile` of the orders' tables asks a run for, in a manual run with these params."""
    context = {
        "params": {"start": "2026-06-17", "end": "2026-07-01", "reload_differences": False} | params,
        "dag_run": SimpleNamespace(run_type="manual", start_date=None),
        "dag": SimpleNamespace(dag_id="ingest_orders"),
        "ti": SimpleNamespace(
            dag_id="ingest_orders", run_id="manual__1", task_id="reconcile", try_number=1, log_url=""
        ),
        "run_id": "manual__1",
    }
    monkeypatch.setattr(ingest, "get_current_context", lambda: context)
    monkeypatch.setattr("airflow.sdk.get_current_context", lambda: context)
    return ingest.reconcile.function(TABLES)


def test_a_run_that_is_asked_to_mend_takes_out_what_is_gone_and_tells_that_it_is_over(
    loaded, shop, channels, monkeypatch, caplog
):
    order_id, _, _ = an_order(loaded)
    delete_order(shop, order_id)
    assert asked(monkeypatch) == []
    assert order_id in {row[0] for row in shown(loaded, "orders")}
    told = {"Source and warehouse differ: orders", "Source and warehouse differ: order_items"}
    assert set(channels.headlines()[0]) == told
    with caplog.at_level("INFO"):
        assert asked(monkeypatch, reload_differences=True) == []
    assert order_id not in {row[0] for row in shown(loaded, "orders")}
    assert "orders: took out 1 rows (" in caplog.text and "the next build takes them out of the marts" in caplog.text
    assert set(channels.headlines()[0][2:]) == {f"Recovered: {headline}" for headline in told}


def test_a_refusal_is_told_beside_the_difference_and_a_person_can_overrule_it(
    loaded, shop, channels, monkeypatch, caplog
):
    before = len(shown(loaded, "refunds"))
    shop.execute("delete from refunds where refunded_at < (select max(refunded_at) from refunds)")
    asked(monkeypatch, reload_differences=True)
    assert len(shown(loaded, "refunds")) == before > 1
    headlines = channels.headlines()[0]
    assert headlines == ["Source and warehouse differ: refunds.deletions", "Source and warehouse differ: refunds"]
    assert "% of the rows" in str(channels.slack()[0]) and "allow_deletions" in str(channels.slack()[0])
    assert asked(monkeypatch, reload_differences=True, allow_deletions=True) == []
    assert len(shown(loaded, "refunds")) == 1
    assert set(channels.headlines()[0][2:]) == {f"Recovered: {headline}" for headline in headlines}


def test_deleted_rows_leave_the_marts_and_come_back_with_the_source(loaded, shop, stack, tmp_path):
    order_id, lines, money = an_order(loaded)
    models = "+fct_orders +fct_order_items +fct_refunds +int_order_product_agg +int_data_through"

    def built(dbt: Dbt, *arguments: str) -> tuple[Any, ...]:
        dbt.run("build", "--resource-type", "seed", "--resource-type", "model", "--select", models, *arguments)
        record(loaded.warehouse, f"build {next(numbers)}", None)
        [sums] = loaded.warehouse.execute(
            "select (select count(*) from marts.fct_orders), (select sum(gross_revenue) from marts.fct_orders), "
            "(select count(*) from marts.fct_order_items), (select sum(gross_revenue) from marts.fct_order_items), "
            "(select sum(gross_revenue) from intermediate.int_order_product_agg), "
            "(select sum(refund_amount) from marts.fct_refunds)"
        ).fetchall()
        return sums

    numbers = itertools.count(1)
    [(refunded,)] = shop.execute("select amount from refunds order by refund_id limit 1").fetchall()
    with parsed(stack, tmp_path) as dbt:
        before = built(dbt, "--full-refresh")
        delete_order(shop, order_id)
        shop.execute("delete from refunds where refund_id = (select min(refund_id) from refunds)")
        for table in TABLES:
            removed(loaded, table, unlimited=True)
        after = built(dbt)
        assert [was - now for was, now in zip(before, after, strict=True)] == [1, money, lines, money, money, refunded]
        for table in TABLES:
            shop.execute(f"insert into {table} table saved_{table} except table {table}")
            load(loaded, table, WINDOW, 2)
        assert built(dbt) == before
