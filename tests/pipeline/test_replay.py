"""A replay publishes what passes and keeps the rest, once, all or nothing; it ends where the right suite would have."""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from include import gating
from include import replay as replaying
from include.contracts import contract
from include.deletions import Gone, take_out
from include.expectations import suite
from include.gate import GateFailed
from include.lake import DayVersion
from include.publish import ConservationError, Run, publish
from include.replay import Choice, Replayed, ReplayError, published_rows, replay
from include.window import Window
from tests.pipeline.conftest import LONDON, RUN, Pipeline
from tests.pipeline.rows import MORNING, customer, exported, order, product, web_event

LATER = MORNING + timedelta(hours=1)
JUNE = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), LONDON)
AUDITED = ("audit.loads", "audit.replays", "audit.published_days")


@pytest.fixture
def correct(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes the rules with these reasons out of every suite; without any, the suites are as they were."""

    def correct(*reasons: str) -> None:
        def corrected(table: str) -> Any:
            written = suite(table)
            return replace(written, rules=tuple(rule for rule in written.rules if rule.quarantine not in reasons))

        monkeypatch.setattr(gating, "suite", corrected)
        monkeypatch.setattr(replaying, "suite", corrected)

    return correct


def gated(
    pipeline: Pipeline,
    table: str,
    made: list[dict[str, Any]],
    days: Iterable[DayVersion] = (),
    read_at: datetime | None = None,
) -> str:
    """Take rows, read at a moment or just now, the whole way through the table's gate; returns the batch's id."""
    batch = pipeline.land(table, made, list(days), extracted_at=read_at)
    verdict = pipeline.gate(batch)
    published = publish(pipeline.warehouse, batch, RUN, rejected=verdict.rejected_rows)
    assert published is not None
    return batch.id


def replayed(
    pipeline: Pipeline,
    table: str,
    number: int = 1,
    *,
    reason: str | None = None,
    batch: str | None = None,
    dry_run: bool = False,
) -> Replayed:
    """A replay in a run of its own."""
    run = Run("replay_quarantine", f"manual__{number}", "test")
    choice = Choice(table, reason, batch)
    return replay(pipeline.warehouse, choice, f"{table}__replay_{number}", run, dry_run=dry_run)


def everything(pipeline: Pipeline, table: str) -> list[list[tuple]]:
    """All rows of a table, its quarantine and the audit tables."""
    agreed = contract(table)
    return [
        sorted(pipeline.warehouse.execute(f"select * from {relation}").fetchall(), key=str)
        for relation in (agreed.target, agreed.quarantine, *AUDITED)
    ]


def quarantined(pipeline: Pipeline, table: str) -> list[tuple]:
    agreed = contract(table)
    return sorted(
        pipeline.warehouse.execute(f"select {agreed.key[0]}, _reason from {agreed.quarantine}").fetchall(), key=str
    )


def leftovers(pipeline: Pipeline, table: str = "orders") -> list[tuple]:
    """Tables that replays of a table have left."""
    return pipeline.warehouse.execute(
        "select table_schema, table_name from information_schema.tables where startswith(lower(table_name), %(start)s)",
        {"start": f"{table}__replay_"},
    ).fetchall()


def test_rows_that_pass_are_published_and_the_others_stay_as_they_are(pipeline, correct):
    gated(pipeline, "orders", [
        order("O1"),
        order("O2", total_amount=Decimal("-2")),
        order("O3", total_amount=Decimal("-3"), currency="pounds"),
        order("O4", currency="pounds"),
    ])  # fmt: skip
    before = pipeline.warehouse.execute("select * from quarantine.orders where order_id <> 'O2'").fetchall()
    correct("negative_total")
    done = replayed(pipeline, "orders")
    done.published.check()
    assert [(group.reason, group.fails, group.amount.rows, group.amount.money) for group in done.judged] == [
        ("bad_currency", "bad_currency", 1, Decimal("12.3450")),
        ("negative_total", "bad_currency", 1, Decimal("-3")),
        ("negative_total", None, 1, Decimal("-2")),
    ]
    assert [(row[0], row[7]) for row in pipeline.held("orders")] == [("O1", Decimal("12.3450")), ("O2", Decimal("-2"))]
    after = pipeline.warehouse.execute("select * from quarantine.orders").fetchall()
    assert sorted(after, key=str) == sorted(before, key=str)
    assert leftovers(pipeline) == []


def test_the_audit_row_accounts_for_every_row_and_cent(pipeline, correct):
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2.0001")), order("O4", currency="pounds")])
    loads = pipeline.count("audit.loads")
    correct("negative_total")
    replayed(pipeline, "orders")
    assert pipeline.warehouse.execute(
        "select batch_id, table_name, chosen_reason, taken_rows, inserted_rows, updated_rows, superseded_rows, "
        "kept_rows, taken_money, inserted_money, kept_money from audit.replays"
    ).fetchall() == [
        ("orders__replay_1", "orders", None, 2, 1, 0, 0, 1, Decimal("10.3449"), Decimal("-2.0001"), Decimal("12.3450"))
    ]
    assert pipeline.warehouse.execute("select _batch_id from staging.orders").fetchall() == [("orders__replay_1",)]
    assert pipeline.count("audit.loads") == loads


def test_twice_is_once(pipeline, correct):
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2")), order("O4", currency="pounds")])
    correct("negative_total")
    replayed(pipeline, "orders", 1, reason="negative_total")
    before = everything(pipeline, "orders")
    assert replayed(pipeline, "orders", 2, reason="negative_total").published.landed.rows == 0
    assert replayed(pipeline, "orders", 3).released.rows == 0
    assert everything(pipeline, "orders") == before
    assert leftovers(pipeline) == []


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(pipeline, correct):
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2")), order("O4", currency="pounds")])
    before, checks = everything(pipeline, "orders"), pipeline.count("audit.gate_results")
    correct("negative_total")
    told = replayed(pipeline, "orders", 1, dry_run=True)
    assert everything(pipeline, "orders") == before
    assert (pipeline.count("audit.gate_results"), leftovers(pipeline)) == (checks, [])
    done = replayed(pipeline, "orders", 1)
    assert (told.published, told.judged) == (done.published, done.judged)
    assert done.published.inserted.rows == 1


def test_a_dry_run_that_the_gate_stops_leaves_no_table_behind(pipeline, monkeypatch):
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2"))])

    def stopping(table: str) -> Any:
        written = suite(table)
        rules = [replace(rule, severity="critical", quarantine=None) if rule.quarantine else rule
                 for rule in written.rules]  # fmt: skip
        return replace(written, rules=tuple(rules))

    monkeypatch.setattr(gating, "suite", stopping)
    before = everything(pipeline, "orders")
    with pytest.raises(GateFailed, match="nothing was published"):
        replayed(pipeline, "orders", dry_run=True)
    assert (everything(pipeline, "orders"), leftovers(pipeline)) == (before, [])


def test_only_the_chosen_reason_and_batch_are_replayed(pipeline, correct):
    first = gated(pipeline, "orders", [order("O1", total_amount=Decimal("-1")), order("O2", currency="pounds")])
    gated(pipeline, "orders", [order("O3", total_amount=Decimal("-3")), order("O4", currency="pounds")])
    correct("negative_total", "bad_currency")
    assert replayed(pipeline, "orders", 1, reason="negative_total", batch=first).published.inserted.rows == 1
    assert [row[0] for row in pipeline.held("orders")] == ["O1"]
    assert replayed(pipeline, "orders", 2, reason="bad_currency").published.inserted.rows == 2
    assert quarantined(pipeline, "orders") == [("O3", "negative_total")]


def test_many_rows_that_still_fail_do_not_stop_those_that_pass(pipeline, correct):
    for part in range(2):
        gated(pipeline, "orders", [order(f"B{part}{n}", currency="pounds") for n in range(15)])
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2"))])
    correct("negative_total")
    assert replayed(pipeline, "orders").published.inserted.rows == 1
    assert pipeline.count("quarantine.orders") == 30


def test_a_newer_version_in_staging_supersedes_the_row(pipeline, correct):
    gated(pipeline, "orders", [order("O1", total_amount=Decimal("-1")), order("O2", total_amount=Decimal("-2"))])
    gated(pipeline, "orders", [order("O1", status="shipped", updated_at=LATER)])
    gated(pipeline, "orders", [order("O2", status="pending", updated_at=MORNING - timedelta(hours=1))])
    correct("negative_total")
    done = replayed(pipeline, "orders").published
    assert (done.superseded.rows, done.updated.rows, done.inserted.rows) == (1, 1, 0)
    assert [(row[0], row[3]) for row in pipeline.held("orders")] == [("O1", "shipped"), ("O2", "paid")]
    assert quarantined(pipeline, "orders") == []


def test_the_newest_of_several_versions_in_quarantine_is_published(pipeline, correct):
    bad = Decimal("-1")
    gated(pipeline, "orders", [order("O1", total_amount=bad, updated_at=LATER, status="shipped")])
    gated(pipeline, "orders", [order("O1", total_amount=bad), order("O1", total_amount=bad)])
    correct("negative_total")
    done = replayed(pipeline, "orders").published
    assert (done.inserted.rows, done.superseded.rows) == (1, 2)
    assert [row[3] for row in pipeline.held("orders")] == ["shipped"]


def test_every_version_of_a_product_is_published_and_customers_stay_in_pii(pipeline, correct):
    gated(pipeline, "products", [
        product("P1"),
        product("P1", list_price=Decimal("-1"), updated_at=LATER),
        product("P2", list_price=Decimal("-1")),
    ])  # fmt: skip
    gated(pipeline, "customers", [customer(email="ada.example.com")])
    correct("negative_list_price", "bad_email")
    assert replayed(pipeline, "products").published.inserted.rows == 2
    assert replayed(pipeline, "customers", dry_run=True).published.inserted.rows == 1
    seen = []
    run = pipeline.warehouse.run

    def watched(name: str, *arguments: Any, **names: Any) -> Any:
        relations = (str(value) for label, value in names.items() if label in ("landing", "candidates", "rejects"))
        seen.extend(table for relation in relations for table in re.findall(r"\w+\.\w+", relation))
        return run(name, *arguments, **names)

    pipeline.warehouse.run = watched
    assert replayed(pipeline, "customers").published.inserted.rows == 1
    assert seen and all(name.startswith("pii.") for name in seen)
    assert pipeline.count("pii.customers") == 1


def test_unknown_columns_come_back_with_their_row_and_its_hash(pipeline, correct):
    gated(pipeline, "orders", [order("O1", total_amount=Decimal("-1"))])
    pipeline.warehouse.execute("""update quarantine.orders set _extra = parse_json('{"b": [1, 2], "a": "x y"}')""")
    [(kept,)] = pipeline.warehouse.execute("select _row_hash from quarantine.orders").fetchall()
    correct("negative_total")
    replayed(pipeline, "orders")
    query = "select _row_hash, _extra:a::varchar, _extra:b[1]::int from staging.orders"
    assert pipeline.warehouse.execute(query).fetchall() == [(kept, "x y", 2)]


def test_an_event_is_published_while_its_export_is_the_one_of_its_day(pipeline, correct, day_of):
    bad = {"purchase_revenue": Decimal("-1")}
    gated(pipeline, "web_events", [
        web_event("E1"), web_event("E2", **bad),
        web_event("F1", event_day=date(2026, 6, 2)), web_event("F2", event_day=date(2026, 6, 2), **bad),
    ], [day_of(1, 6), day_of(2, 6)])  # fmt: skip
    rewritten = gated(pipeline, "web_events", [web_event("E1", exported_at=exported(9))], [day_of(1, 9)])
    correct("negative_revenue")
    done = replayed(pipeline, "web_events").published
    assert (done.inserted.rows, done.superseded.rows) == (1, 1)
    assert [row[0] for row in pipeline.held("web_events")] == ["E1", "F1", "F2"]
    assert quarantined(pipeline, "web_events") == []
    days = pipeline.warehouse.execute("select published_day, version, batch_id from audit.published_days order by 1")
    assert days.fetchall() == [
        (date(2026, 6, 1), exported(9), rewritten),
        (date(2026, 6, 2), exported(6), "web_events__replay_1"),
    ]


def test_a_day_that_gets_a_newer_export_in_the_middle_of_a_replay_rolls_it_back(pipeline, correct, day_of, monkeypatch):
    gated(pipeline, "web_events", [web_event("E2", purchase_revenue=Decimal("-1"))], [day_of(1, 6)])
    correct("negative_revenue")
    before = everything(pipeline, "web_events")
    run = pipeline.warehouse.run

    def overtaken(name: str, *arguments: Any, **names: Any) -> Any:
        if name == "replay/mark_days.sql":
            pipeline.warehouse.execute("update audit.published_days set version = '2026-07-01 09:00:00'")
        return run(name, *arguments, **names)

    monkeypatch.setattr(pipeline.warehouse, "run", overtaken)
    with pytest.raises(ConservationError, match="newer export meanwhile"):
        replayed(pipeline, "web_events")
    assert everything(pipeline, "web_events") == before


@pytest.mark.parametrize("file", ["publish/merge_versions.sql", "replay/release.sql", "publish/count_held.sql"])
def test_a_failure_anywhere_inside_leaves_no_trace_and_running_again_finishes(pipeline, correct, monkeypatch, file):
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2")), order("O4", currency="pounds")])
    correct("negative_total")
    before = everything(pipeline, "orders")
    run = pipeline.warehouse.run

    def broken(name: str, *arguments: Any, **names: Any) -> Any:
        cursor = run(name, *arguments, **names)
        if name == file:
            raise ConnectionError("the warehouse went away")
        return cursor

    monkeypatch.setattr(pipeline.warehouse, "run", broken)
    with pytest.raises(ConnectionError):
        replayed(pipeline, "orders")
    monkeypatch.setattr(pipeline.warehouse, "run", run)
    assert everything(pipeline, "orders") == before
    assert replayed(pipeline, "orders").published.inserted.rows == 1
    assert leftovers(pipeline) == []


LOSSES = {
    "a published row vanishes": ("publish/merge_versions.sql", "delete from staging.orders where order_id = 'O2'"),
    "a row that fails leaves": ("replay/release.sql", "delete from quarantine.orders where order_id = 'O4'"),
    "money changes": ("replay/release.sql", "update quarantine.orders set total_amount = 1 where order_id = 'O4'"),
    "another replay was faster": ("replay/rank_candidates.sql", "delete from quarantine.orders where order_id = 'O2'"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_row_or_cent_that_is_unaccounted_for_rolls_everything_back(pipeline, correct, monkeypatch, loss):
    file, statement = LOSSES[loss]
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2")), order("O4", currency="pounds")])
    correct("negative_total")
    run = pipeline.warehouse.run

    def losing(name: str, *arguments: Any, **names: Any) -> Any:
        cursor = run(name, *arguments, **names)
        if name == file:
            pipeline.warehouse.execute(statement)
        return cursor

    monkeypatch.setattr(pipeline.warehouse, "run", losing)
    with pytest.raises(ConservationError, match="rolled back"):
        replayed(pipeline, "orders")
    assert pipeline.held("orders") == []
    assert pipeline.count("audit.replays") == 0
    expected = [("O4", "bad_currency")]
    if loss != "another replay was faster":
        expected = [("O2", "negative_total"), *expected]
    assert quarantined(pipeline, "orders") == expected


@pytest.mark.parametrize("is_published", [False, True])
def test_rows_deleted_in_the_source_in_the_middle_of_a_replay_stay_out(pipeline, correct, monkeypatch, is_published):
    """The rows were taken; then they are marked, before the replay's turn. Its retry takes what is left."""
    if is_published:
        gated(pipeline, "orders", [order("O2", updated_at=MORNING - timedelta(hours=1))])
    gated(pipeline, "orders", [order(name, total_amount=Decimal("-2")) for name in ("O2", "O3")])
    correct("negative_total")
    run = pipeline.warehouse.run
    asked_at = pipeline.look().replace(tzinfo=None)

    def overtaken(name: str, *arguments: Any, **names: Any) -> Any:
        if name == "replay/rank_candidates.sql":
            monkeypatch.setattr(pipeline.warehouse, "run", run)
            gone = Gone("orders", (date(2026, 6, 1),), ("O2",), asked_at)
            assert take_out(pipeline.warehouse, gone, JUNE, "orders__deleted_1", RUN, unlimited=True) is not None
        return run(name, *arguments, **names)

    monkeypatch.setattr(pipeline.warehouse, "run", overtaken)
    with pytest.raises(ConservationError, match="did the source delete rows"):
        replayed(pipeline, "orders", 1)
    shown = "select order_id from staging.orders where _deleted_at is null"
    assert pipeline.warehouse.execute(shown).fetchall() == []
    assert replayed(pipeline, "orders", 2).released.rows == 1
    assert pipeline.warehouse.execute(shown).fetchall() == [("O3",)]
    assert quarantined(pipeline, "orders") == [("O2", "negative_total")]


def test_what_does_not_exist_is_named_and_what_is_not_there_is_nothing(pipeline, correct):
    with pytest.raises(ReplayError, match=r"no table 'order'; the tables are customers, order_items, orders"):
        replayed(pipeline, "order")
    with pytest.raises(ReplayError, match=r"no reason 'nonsense'; its reasons are .*bad_currency"):
        replayed(pipeline, "orders", reason="nonsense")
    assert replayed(pipeline, "orders", reason="negative_total").published.landed.rows == 0
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2"))])
    assert replayed(pipeline, "orders", batch="orders__of_nowhere").published.landed.rows == 0
    assert pipeline.count("quarantine.orders") == 1


def test_a_retry_after_the_commit_still_knows_that_its_run_published(pipeline, correct):
    gated(pipeline, "orders", [order("O2", total_amount=Decimal("-2"))])
    correct("negative_total")
    replayed(pipeline, "orders", 1)
    assert published_rows(pipeline.warehouse, Run("replay_quarantine", "manual__1", "test")) == 1
    assert published_rows(pipeline.warehouse, Run("replay_quarantine", "manual__2", "test")) == 0


def orders_history(chance: random.Random) -> list[tuple[list[dict[str, Any]], list[DayVersion]]]:
    """Batches of a few orders: repeats, ties of `updated_at` with other content, rows bad for either reason or both."""
    made = [
        order(
            f"O{chance.randint(1, 4)}",
            status=chance.choice(["pending", "paid"]),
            total_amount=Decimal(chance.randint(-9, 3)),
            currency=chance.choice(["GBP", "GBP", "pounds"]),
            updated_at=MORNING + timedelta(hours=chance.randint(0, 1)),
        )
        for _ in range(40)
    ]
    return [(made[first : first + 10], []) for first in range(0, 40, 10)]


def events_history(chance: random.Random) -> list[tuple[list[dict[str, Any]], list[DayVersion]]]:
    """Exports of two days, each rewritten: events that come, go, repeat, and are bad for either reason or both."""
    batches = []
    for day, hour in ((1, 6), (2, 6), (1, 9), (2, 9)):
        made = [
            web_event(
                f"E{day}{chance.randint(1, 9)}",
                event_day=date(2026, 6, day),
                purchase_revenue=Decimal(chance.randint(-3, 3)),
                user_pseudo_id=chance.choice(["U1", "U2", "U3", None]),
                exported_at=exported(hour),
            )
            for _ in range(10)
        ]
        batches.append((made, [DayVersion(f"2026-06-0{day}", exported(hour).isoformat())]))
    return batches


HISTORIES = {
    "orders": (orders_history, "negative_total"),
    "web_events": (events_history, "negative_revenue"),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("table", HISTORIES)
def test_any_order_of_loads_and_replays_ends_where_the_corrected_suite_would_have(pipeline, correct, table, seed):
    chance = random.Random(seed)
    history, reason = HISTORIES[table]
    batches = [(made, days, pipeline.look()) for made, days in history(chance)]
    agreed = contract(table)

    def state() -> tuple[list[tuple], set[tuple]]:
        names = ", ".join((*agreed.column_names, "_row_hash"))
        published = pipeline.warehouse.execute(f"select {names} from {agreed.target} order by {names}").fetchall()
        hashes = pipeline.warehouse.execute(f"select _row_hash from {agreed.quarantine}").fetchall()
        return published, set(hashes)

    correct(reason)
    for batch in batches:
        gated(pipeline, table, *batch)
    wanted = state()
    for relation in (agreed.target, agreed.quarantine, "audit.published_days"):
        pipeline.warehouse.execute(f"truncate table {relation}")

    chance.shuffle(batches)
    corrected_before = chance.randint(1, len(batches))
    released = 0
    correct()
    for number, batch in enumerate(batches):
        if number == corrected_before:
            correct(reason)
        gated(pipeline, table, *batch)
        if number >= corrected_before and chance.random() < 0.5:
            released += replayed(pipeline, table, 10 + number, reason=chance.choice([reason, None])).released.rows
    gated(pipeline, table, *chance.choice(batches))  # an overlapping backfill
    correct(reason)
    released += replayed(pipeline, table, 1).released.rows
    assert released > 0
    assert state() == wanted, f"seed {seed}"
