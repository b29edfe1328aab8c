"""Publishing conserves rows and money, changes nothing when repeated, converges in any order, and is all or nothing."""

import itertools
import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.contracts import contract
from include.publish import ConservationError, publish
from tests.pipeline.conftest import RUN
from tests.pipeline.rows import MORNING, exported, order, product, web_event


def versions(seed: int) -> list[dict]:
    """Random versions of a few orders: repeats, ties of `updated_at` with other content, exact duplicates."""
    chance = random.Random(seed)
    made = []
    for _ in range(30):
        made.append(
            order(
                f"O{chance.randint(1, 6)}",
                status=chance.choice(["pending", "paid", "shipped"]),
                total_amount=Decimal(chance.randint(0, 99999)) / 100,
                updated_at=MORNING + timedelta(hours=chance.randint(0, 5)),
            )
        )
    return made + chance.sample(made, 5)


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_batches_ends_in_the_same_rows(pipeline, seed):
    made, chance = versions(seed), random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(made)), 4))
    batches = [(made[first:last], pipeline.look()) for first, last in zip([0, *cuts], [*cuts, len(made)], strict=True)]
    outcomes = []
    for _ in range(2):
        pipeline.warehouse.execute("truncate table staging.orders")
        chance.shuffle(batches)
        for rows, read_at in [*batches, batches[0]]:  # one comes twice
            pipeline.load("orders", rows, extracted_at=read_at).check()
        outcomes.append(pipeline.held("orders"))
    assert outcomes[0] == outcomes[1], f"seed {seed}"
    newest = max_by_key((row, (row["updated_at"], read_at)) for rows, read_at in batches for row in rows)
    assert len(outcomes[0]) == len(newest)
    for held in outcomes[0]:
        assert held in newest[held[0]], f"seed {seed}: not the newest version, or not the one read last"


def max_by_key(ranked: Iterable[tuple[dict, Any]]) -> dict[str, list[tuple]]:
    """Rows of each order that share its highest rank."""
    by_key: dict[str, list[tuple[Any, tuple]]] = {}
    for row, rank in ranked:
        by_key.setdefault(row["order_id"], []).append((rank, tuple(row.values())))
    return {key: [row for rank, row in rows if rank == max(rank for rank, _ in rows)] for key, rows in by_key.items()}


def test_a_change_that_did_not_move_its_version_comes_in_with_a_later_reading(pipeline):
    """Whatever the content hashes are: what was read last is what the source holds, also when it changed back."""
    contents = [order(total_amount=Decimal(amount)) for amount in (1, 2, 1)]
    for content in contents:
        pipeline.load("orders", [content])
        assert pipeline.held("orders") == [tuple(content.values())]
    readings = [(content, pipeline.look()) for content in contents]
    for arrived in itertools.permutations(readings):
        pipeline.warehouse.execute("truncate table staging.orders")
        for content, read_at in arrived:
            pipeline.load("orders", [content], extracted_at=read_at).check()
        assert pipeline.held("orders") == [tuple(contents[-1].values())]


def test_a_row_read_again_unchanged_is_nothing_new_to_a_build(pipeline):
    pipeline.load("orders", [order()])
    known = "select _batch_id, _published_at from staging.orders"
    before = pipeline.warehouse.execute(known).fetchall()
    assert pipeline.load("orders", [order()]).superseded.rows == 1
    assert pipeline.warehouse.execute(known).fetchall() == before


def test_a_row_of_an_older_version_of_the_tables_counts_as_read_first(pipeline):
    pipeline.load("orders", [order(total_amount=Decimal(1)), order("O2")])
    pipeline.warehouse.execute("update staging.orders set _extracted_at = null")
    for amount in (Decimal(2), Decimal(3)):  # of three contents, one at least has a smaller hash than the one before
        assert pipeline.load("orders", [order(total_amount=amount), order("O2")]).updated.rows == 1
    assert pipeline.count("staging.orders where _extracted_at is null") == 0


def test_the_newest_version_wins_whichever_comes_last(pipeline):
    old, new = order(status="paid"), order(status="shipped", updated_at=MORNING + timedelta(hours=1))
    first = pipeline.load("orders", [new])
    second = pipeline.load("orders", [old])
    assert (first.inserted.rows, second.superseded.rows) == (1, 1)
    assert pipeline.held("orders")[0][3] == "shipped"


def test_every_row_and_cent_of_a_batch_is_accounted_for(pipeline):
    pipeline.load("orders", [order("O1"), order("O2")])
    later = MORNING + timedelta(hours=1)
    batch = [
        order("O1", total_amount=Decimal("20.0001"), updated_at=later),
        order("O2"),
        order("O3", total_amount=Decimal("0.0002")),
        order("O3", total_amount=Decimal("0.0002")),
    ]
    published = pipeline.load("orders", batch)
    assert (published.updated.rows, published.updated.money) == (1, Decimal("20.0001"))
    assert (published.inserted.rows, published.inserted.money) == (1, Decimal("0.0002"))
    assert (published.superseded.rows, published.superseded.money) == (2, Decimal("12.3452"))
    [row] = pipeline.warehouse.execute(
        "select landed_rows - inserted_rows - updated_rows - superseded_rows - quarantined_rows, "
        "extracted_money - inserted_money - updated_money - superseded_money - quarantined_money "
        "from audit.loads where batch_id = %(batch)s",
        {"batch": published.batch_id},
    ).fetchall()
    assert row == (0, Decimal(0))


def test_publishing_a_batch_again_changes_nothing(pipeline):
    batch = pipeline.land("orders", [order("O1"), order("O2", total_amount=None)])
    assert [item.reason for item in pipeline.gate(batch).rejected] == ["no_total_amount"]
    assert publish(pipeline.warehouse, batch, RUN) is not None
    before = pipeline.held("orders")
    assert publish(pipeline.warehouse, batch, RUN) is None
    assert pipeline.held("orders") == before
    assert pipeline.count("audit.loads") == 1


def test_the_same_bad_rows_brought_twice_are_quarantined_once(pipeline):
    bad = [order("O1", total_amount=Decimal("-1")), order("O1", total_amount=Decimal("-1"))]
    for _ in range(2):
        batch = pipeline.land("orders", bad)
        pipeline.gate(batch)
        published = publish(pipeline.warehouse, batch, RUN)
        assert (published.quarantined.rows, published.quarantined.money) == (2, Decimal("-2"))
    assert pipeline.count("quarantine.orders") == 2


def test_every_version_of_a_product_is_kept(pipeline):
    later = MORNING + timedelta(days=1)
    pipeline.load("products", [product(), product(list_price=Decimal("5"), updated_at=later)])
    assert pipeline.count("staging.products") == 2


@pytest.mark.parametrize(
    "file",
    ["publish/quarantine.sql", "publish/merge_versions.sql", "publish/confirm_rows.sql", "publish/count_published.sql"],
)
def test_a_failure_anywhere_inside_publish_leaves_no_trace(pipeline, monkeypatch, file):
    pipeline.load("orders", [order("O1"), order("O3")])
    before = pipeline.held("orders")
    batch = pipeline.land("orders", [order("O1", status="shipped", updated_at=MORNING + timedelta(hours=1)),
                                     order("O2", total_amount=Decimal("-1")), order("O3")])  # fmt: skip
    pipeline.gate(batch)
    run = pipeline.warehouse.run

    def broken(name, *arguments, **names):
        cursor = run(name, *arguments, **names)
        if name == file:
            raise ConnectionError("the warehouse went away")
        return cursor

    monkeypatch.setattr(pipeline.warehouse, "run", broken)
    with pytest.raises(ConnectionError):
        publish(pipeline.warehouse, batch, RUN)
    monkeypatch.undo()
    assert pipeline.held("orders") == before
    assert pipeline.count("quarantine.orders") == 0
    assert pipeline.count("audit.loads") == 1
    assert publish(pipeline.warehouse, batch, RUN).updated.rows == 1


def test_a_row_that_vanishes_inside_publish_is_noticed_and_rolled_back(pipeline, monkeypatch):
    batch = pipeline.land("orders", [order("O1"), order("O2")])
    rejected = pipeline.gate(batch).rejected_rows
    run = pipeline.warehouse.run

    def losing(name, *arguments, **names):
        cursor = run(name, *arguments, **names)
        if name == "publish/merge_versions.sql":
            pipeline.warehouse.execute("delete from staging.orders where order_id = 'O2'")
        return cursor

    monkeypatch.setattr(pipeline.warehouse, "run", losing)
    with pytest.raises(ConservationError, match="rolled back, staging is unchanged"):
        publish(pipeline.warehouse, batch, RUN, rejected=rejected)
    assert pipeline.held("orders") == []


def test_a_newer_export_replaces_its_day_and_an_older_one_does_not(pipeline, day_of):
    first = [web_event("E1"), web_event("E2")]
    rewritten = [web_event("E2", exported_at=exported(9)), web_event("E3", exported_at=exported(9))]
    assert pipeline.load("web_events", first, [day_of(1, 6)]).inserted.rows == 2
    second = pipeline.load("web_events", rewritten, [day_of(1, 9)])
    assert (second.inserted.rows, second.replaced) == (2, 2)
    late = pipeline.load("web_events", first, [day_of(1, 6)])
    assert (late.superseded.rows, late.replaced) == (2, 0)
    assert [row[0] for row in pipeline.held("web_events")] == ["E2", "E3"]


def test_a_day_that_google_analytics_emptied_is_emptied(pipeline, day_of):
    pipeline.load("web_events", [web_event("E1")], [day_of(1, 6)])
    assert pipeline.load("web_events", [], [day_of(1, 9)]).replaced == 1
    assert pipeline.count("staging.web_events") == 0


def test_no_personal_data_outside_schema_pii(pipeline):
    from tests.pipeline.rows import customer

    pipeline.load("customers", [customer()])
    personal = {column.name for column in contract("customers").columns if column.pii}
    found = pipeline.warehouse.execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema not in ('PII', 'INFORMATION_SCHEMA')"
    ).fetchall()
    assert not [row for row in found if row[2].lower() in personal]
