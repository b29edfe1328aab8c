"""Each rule of each gate has data that breaks it: critical rules stop the batch, others set rows aside or only tell."""

import os
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include import config, data_docs
from include.contracts import contract
from include.expectations import promised, suite
from include.gate import GateFailed, QuarantineExceeded
from include.publish import publish
from include.warehouse import open_warehouse
from local.benchmarks.statements import counted_statements
from tests.pipeline.conftest import RUN
from tests.pipeline.gate_examples import BATCHES, CRITICAL, PARENTS, QUARANTINED, TOLD, days_of, key, usual_weeks
from tests.pipeline.rows import MAKERS, MORNING, customer, order, order_item, product, refund
from tests.pipeline.traffic import traffic

TABLES = sorted(MAKERS)


def rules_of(table):
    agreed = contract(table)
    return promised(agreed, suite(table)).rules


def broken_rows(table: str, examples: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows that break each rule, with keys of their own unless the example is about the key."""
    return {
        rule: [MAKERS[table](key(table, f"{place}-{number}")) | change for number, change in enumerate(changes)]
        for place, (rule, changes) in enumerate(examples.items())
    }


@pytest.fixture
def parents(pipeline) -> Callable[[], None]:
    """What the tables that a rule looks into hold, published through 1 June."""

    def load() -> None:
        for table, rows in PARENTS.items():
            pipeline.load(table, rows)

    return load


def failing(pipeline, batch, severity: str | None = None) -> dict[str, int]:
    """Rules that a batch broke, with the rows that broke them, as the audit holds them."""
    rows = pipeline.warehouse.execute(
        "select detail, unexpected_count, severity from audit.gate_results where batch_id = %(batch)s and not success",
        {"batch": batch.id},
    ).fetchall()
    return {name: count for name, count, found in rows if severity in (None, found)}


@pytest.mark.parametrize("table", TABLES)
def test_every_rule_has_an_example_that_breaks_it(table):
    rules = rules_of(table)
    names = [rule.name for rule in rules]
    assert len(set(names)) == len(names), "two rules of one name cannot be told apart"
    tried = [*CRITICAL[table], *QUARANTINED[table], *TOLD[table], *BATCHES[table]]
    assert sorted(tried) == sorted(names)
    for rule in rules:
        if rule.name in BATCHES[table]:
            continue
        place = QUARANTINED if rule.quarantine else CRITICAL if rule.severity == "critical" else TOLD
        assert rule.name in place[table], rule.name


# Statements of a whole passing gate; one more rule of a kind that is there adds none.
STATEMENTS = 9


@pytest.mark.parametrize("table", TABLES)
def test_a_batch_without_flaws_breaks_no_rule_at_the_cost_of_few_statements(pipeline, parents, table, day_of):
    parents()
    usual_weeks(pipeline, table, rows=10)
    batch = pipeline.land(table, [MAKERS[table](key(table, f"good{n}")) for n in range(3)], days_of(table, day_of))
    with counted_statements() as sent:
        verdict = pipeline.gate(batch)
    assert len(sent) <= STATEMENTS, "\n---\n".join(sent)
    assert failing(pipeline, batch) == {}
    assert (verdict.checked, verdict.rejected, verdict.warnings) == (len(rules_of(table)), [], [])


@pytest.mark.parametrize("table", TABLES)
def test_critical_rules_stop_the_batch_with_keys_and_a_query(pipeline, table, day_of):
    broken = broken_rows(table, CRITICAL[table])
    rows = [row for changed in broken.values() for row in changed]
    batch = pipeline.land(table, [MAKERS[table](key(table, "good")), *rows], days_of(table, day_of))
    with pytest.raises(GateFailed) as failure:
        pipeline.gate(batch)
    text = str(failure.value)
    assert f"{len(broken)} critical expectation(s) failed; nothing was published" in text
    assert failing(pipeline, batch, "critical") == {rule: len(rows) for rule, rows in broken.items()}
    for part in text.split("find them: ")[1:]:
        assert len(pipeline.warehouse.execute(part.splitlines()[0]).fetchall()) == 1


@pytest.mark.parametrize("table", TABLES)
def test_bad_rows_are_set_aside_with_reason_and_money_and_the_rest_is_published(pipeline, table, day_of):
    make = MAKERS[table]
    reasons = {rule.name: rule.quarantine for rule in rules_of(table)}
    broken = broken_rows(table, QUARANTINED[table])
    due = [(row[contract(table).key[0]], reasons[rule]) for rule, rows in broken.items() for row in rows]
    rows = [row for changed in broken.values() for row in changed]
    money = contract(table).money
    good = make(key(table, "good"), **({money: Decimal(100_000_000)} if money else {}))  # beside it the bad is little
    batch = pipeline.land(table, [good, *rows], days_of(table, day_of))
    verdict = pipeline.gate(batch)
    assert verdict.rejected_rows == len(due)
    published = publish(pipeline.warehouse, batch, RUN)
    assert (published.inserted.rows, published.quarantined.rows) == (1, len(due))
    held = pipeline.warehouse.execute(
        f"select {batch.contract.key[0]}, _reason from {batch.contract.quarantine}"
    ).fetchall()
    assert sorted(held) == sorted(due)
    assert len(pipeline.held(table)) == 1
    found = failing(pipeline, batch)
    assert {rule: found[rule] for rule in broken} == {rule: len(rows) for rule, rows in broken.items()}


@pytest.mark.parametrize("table", TABLES)
def test_rules_that_only_tell_count_their_rows_and_set_none_aside(pipeline, parents, table, day_of):
    parents()
    broken = broken_rows(table, TOLD[table])
    rows = [row for changed in broken.values() for row in changed]
    batch = pipeline.land(table, [MAKERS[table](key(table, "good")), *rows], days_of(table, day_of))
    verdict = pipeline.gate(batch)
    assert failing(pipeline, batch) == {rule: len(rows) for rule, rows in broken.items()}
    assert verdict.rejected == []
    told = {rule.name for rule in rules_of(table) if rule.severity == "warning"} & broken.keys()
    assert {warning.rpartition(": ")[0] for warning in verdict.warnings} == told


@pytest.mark.parametrize("table", TABLES)
def test_a_landing_table_of_other_columns_stops_the_batch(pipeline, table, day_of):
    batch = pipeline.land(table, [MAKERS[table](key(table, "good"))], days_of(table, day_of))
    pipeline.warehouse.execute(f"alter table {batch.table} add column surprise varchar")
    with pytest.raises(GateFailed, match=r"the landing table has the contract's columns: found .*surprise"):
        pipeline.gate(batch)


STALE = {"updated_at": MORNING - timedelta(days=1)}


@pytest.mark.parametrize("table", TABLES)
def test_a_batch_of_old_rows_and_far_fewer_than_usual_is_told(pipeline, table, day_of):
    usual_weeks(pipeline, table, rows=1001)
    stale = {"event_day": date(2026, 5, 31)} if table == "web_events" else STALE
    rows = [MAKERS[table](key(table, f"good{n}"), **stale) for n in range(100)]
    verdict = pipeline.gate(pipeline.land(table, rows, days_of(table, day_of)))
    volume, newest = sorted(verdict.warnings)
    assert volume.startswith("as many rows as on the same weekday")
    assert volume.endswith("found 100 (expected 101 to 10010)")
    assert newest.startswith("the ")
    assert "found 2026-05-31" in newest


@pytest.mark.parametrize("table", [table for table in TABLES if table != "web_events"])
def test_a_batch_that_holds_no_more_than_the_hour_before_its_window_is_told(pipeline, table):
    start = datetime(2026, 5, 31, 23)  # midnight in London
    late = {"updated_at": start - timedelta(seconds=1), "created_at": start - timedelta(days=9)}
    rows = [MAKERS[table](f"K{n}", **{name: late[name] for name in late if name in MAKERS[table]()}) for n in range(3)]
    [newest] = pipeline.gate(pipeline.land(table, rows)).warnings
    assert newest.startswith("the newest ")
    assert newest.endswith("found 2026-05-31 22:59:59 (expected 2026-05-31T23:00:00)")
    in_time = [*rows, MAKERS[table]("in time", **(late | {"updated_at": start}))]
    in_time = [{name: row[name] for name in rows[0]} for row in in_time]
    assert pipeline.gate(pipeline.land(table, in_time)).warnings == []


@pytest.mark.parametrize(
    ("usual", "weeks", "rows", "is_told"),
    [
        (20, 4, 201, True),
        (20, 4, 200, False),
        (20, 4, 0, True),
        (20, 3, 0, True),
        (20, 2, 0, False),  # too few weeks to know
        (9, 4, 0, False),  # so quiet a table has days without rows
    ],
)
def test_volume_is_judged_by_the_same_weekday(pipeline, usual, weeks, rows, is_told):
    usual_weeks(pipeline, "orders", usual, weeks)
    verdict = pipeline.gate(pipeline.land("orders", [order(f"O{n}") for n in range(rows)]))
    assert [warning.split(",")[0] for warning in verdict.warnings] == (
        ["as many rows as on the same weekday of the last four weeks"] if is_told else []
    )


def test_other_weekdays_and_longer_windows_do_not_count(pipeline):
    for days in (1, 2, 3, 8):
        pipeline.load("orders", [order(f"O{days}-{n}") for n in range(20)], day=date(2026, 6, 1) - timedelta(days=days))
    assert pipeline.gate(pipeline.land("orders", [])).checked == 0


def test_what_landed_in_the_same_run_is_known_and_a_run_without_it_is_not_judged(pipeline):
    refunds = [refund("R1", order_id="O1"), refund("R2", order_id="O2")]
    assert pipeline.gate(pipeline.land("refunds", refunds)).warnings == []
    pipeline.land("orders", [], run="loading")
    assert pipeline.gate(pipeline.land("refunds", refunds, run="loading")).warnings == []
    pipeline.land("orders", [order("O1")], run="landed")
    assert pipeline.gate(pipeline.land("refunds", refunds, run="landed")).warnings == [
        "the order of a refund is published, or landed in the same run: 1 of 2 rows"
    ]


def test_the_newest_version_of_a_line_counts_for_its_orders_total(pipeline):
    later = MORNING + timedelta(hours=1)
    pipeline.load("order_items", [order_item("I1", order_id="O1", line_amount=Decimal("12.345"))])
    changed = order_item("I1", order_id="O1", line_amount=Decimal("20"), updated_at=later)
    pipeline.land("order_items", [changed], run="landed")
    verdict = pipeline.gate(pipeline.land("orders", [order("O1", total_amount=Decimal("12.345"))], run="landed"))
    assert verdict.warnings == ["an order's total is that of its lines, less discounts, to the cent: 1 of 1 rows"]


def test_a_row_that_breaks_two_rules_is_set_aside_once(pipeline):
    batch = pipeline.land("order_items", [order_item("I1", quantity=0, unit_price=Decimal("-1"))])
    assert [(item.reason, item.rows) for item in pipeline.gate(batch).rejected] == [("negative_price", 1)]


def test_too_many_bad_rows_stop_the_batch_instead(pipeline):
    bad = [order(f"B{i}", total_amount=Decimal("-1")) for i in range(21)]
    batch = pipeline.land("orders", [order(f"O{i}") for i in range(100)] + bad)
    with pytest.raises(GateFailed, match=r"17.36% of the rows \(1.00% allowed\).*negative_total 21 rows"):
        pipeline.gate(batch)
    assert pipeline.count("staging.orders") == 0


def worth(*amounts: int) -> list[dict[str, Any]]:
    """Orders of these totals; those below 0 are bad."""
    return [order(f"O{number}", total_amount=Decimal(amount)) for number, amount in enumerate(amounts)]


@pytest.mark.parametrize(
    ("amounts", "share"),
    [
        ([-90_000, *[1_000] * 10], "90.00%"),  # one row
        ([-90_000, -10_000], "100.00%"),  # the batch's sum is below 0
        ([-90_000, *[-50] * 3, 100_000], "47.41%"),  # the good and the bad all but cancel out
        ([-1_001, 100_000], "0.99%"),
    ],
)
def test_too_much_money_stops_the_batch_however_few_its_rows(pipeline, amounts, share):
    batch = pipeline.land("orders", worth(*amounts))
    with pytest.raises(QuarantineExceeded, match=rf"set aside {share} of the money \(0.50% allowed\): negative_total"):
        pipeline.gate(batch)


def test_amounts_that_cancel_each_other_out_are_no_less_money(pipeline):
    rows = [order(f"B{sign}{n}", total_amount=sign * Decimal(90_000), currency="pounds")
            for sign in (1, -1) for n in range(15)]  # fmt: skip
    batch = pipeline.land("orders", [*rows, *(order(f"O{n}") for n in range(9_970 // 10))])
    with pytest.raises(QuarantineExceeded, match=r"99\.\d\d% of the money"):
        pipeline.gate(batch)


@pytest.mark.parametrize(
    "amounts",
    [
        [-1_000, 2],  # no more than is tolerated, though nearly all
        [-5_000, *[1_000_000] * 2],  # no more than the share
        [0, 0],
    ],
)
def test_money_within_its_share_or_what_is_tolerated_is_set_aside(pipeline, amounts):
    batch = pipeline.land("orders", worth(*amounts))
    assert pipeline.gate(batch).rejected_rows == sum(amount < 0 for amount in amounts)


def test_each_try_of_a_gate_keeps_its_verdict_and_the_last_one_is_shown(pipeline):
    batch = pipeline.land("orders", [order(), order("O2", status="lost")])
    with pytest.raises(GateFailed):
        pipeline.gate(batch)
    failed = "select count(*), count(distinct checked_at) from audit.gate_results where not success"
    assert pipeline.warehouse.execute(failed).fetchall() == [(1, 1)]
    pipeline.warehouse.execute(f"update {batch.table} set status = 'paid'")
    verdict = pipeline.gate(batch)
    assert pipeline.warehouse.execute(failed).fetchall() == [(1, 1)]
    page = {"table_name": "orders", "limit": 10} | dict.fromkeys(
        ("after_checked_at", "after_batch_id", "after_table_name")
    )
    columns = "expectation_count, failed_count, failed_critical_count"
    assert pipeline.warehouse.rows("serve/gates.sql", page, columns=columns) == [(verdict.checked, 0, 0)]


def test_a_warning_is_told_and_stops_nothing(pipeline):
    batch = pipeline.land("order_items", [order_item(line_amount=Decimal("99"))])
    verdict = pipeline.gate(batch)
    assert verdict.rejected == []
    assert verdict.warnings == ["a line amount that quantity and price do not explain, to a cent a unit: 1 of 1 rows"]


def test_an_info_rule_stays_in_the_results(pipeline):
    batch = pipeline.land("products", [product(name=None)])
    verdict = pipeline.gate(batch)
    assert (verdict.rejected, verdict.warnings) == ([], [])
    assert pipeline.warehouse.execute(
        "select severity, unexpected_count from audit.gate_results where not success"
    ).fetchall() == [("info", 1)]


def test_data_docs_are_written_for_the_batch(pipeline, data_docs_built):
    from include.gating import check

    for _ in range(2):
        batch = pipeline.land("orders", [order()])
        for _ in ("first", "cleared and run again"):
            _, page = check(pipeline.warehouse, batch)
        assert "Expectation" in page.read_text()
        assert page.parent == config.DATA_DOCS_DIR / "orders" / batch.id
        styles = list((page.parent / "static").rglob("*.css"))
        assert styles
        assert {path.resolve().is_relative_to(config.DATA_DOCS_DIR / "static") for path in styles} == {True}


def test_old_data_docs_go_a_few_at_a_time_and_others_stay(monkeypatch, tmp_path):
    monkeypatch.setattr(config, "DATA_DOCS_DIR", tmp_path)
    days_old = [*range(31, 31 + data_docs.PRUNED_AT_ONCE + 2), 29, 0]
    for age in days_old:
        page = tmp_path / "orders" / f"orders__{age}" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("")
        written = time.time() - age * 86_400
        os.utime(page.parent, (written, written))
    (tmp_path / "orders" / "kept by hand").mkdir()
    os.utime(tmp_path / "orders" / "kept by hand", (0, 0))

    def left() -> set[str]:
        return {path.name for path in Path(tmp_path / "orders").iterdir()}

    assert len(data_docs.prune("orders")) == data_docs.PRUNED_AT_ONCE
    assert left() == {"orders__31", "orders__32", "orders__29", "orders__0", "kept by hand"}
    data_docs.prune("orders")
    assert left() == {"orders__29", "orders__0", "kept by hand"}
    assert data_docs.prune("refunds") == []


def test_data_docs_show_nothing_personal(pipeline, data_docs_built):
    from include.gating import check

    batch = pipeline.land("customers", [customer(email="ada at example.com"), customer("C2")])
    _, page = check(pipeline.warehouse, batch)
    pages = [path.read_text() for path in page.parent.rglob("*.html")]
    assert any("email not like" in text and "reaches nobody" in text for text in pages)
    assert not any("ada at example.com" in text for text in pages)


def test_data_docs_do_not_show_the_address_that_stands_for_a_hash(pipeline, data_docs_built):
    for table in ("orders", "customers"):
        batch = pipeline.land(table, [MAKERS[table](email_hash="bob@example.com"), MAKERS[table]("K2")])
        with pytest.raises(GateFailed, match="may be an address in clear: 1 of 2 rows") as failure:
            pipeline.gate(batch)
        pages = [path.read_text() for path in (config.DATA_DOCS_DIR / table / batch.id).rglob("*.html")]
        assert any("may be an address in clear" in text for text in pages)
        assert not any("bob@example.com" in text for text in (*pages, str(failure.value)))


def test_an_empty_batch_passes(pipeline):
    assert pipeline.gate(pipeline.land("web_events", [])).checked == 0


def test_great_expectations_works_in_the_session_of_the_gate_and_leaves_it_as_it_was(pipeline):
    batch = pipeline.land("orders", [order()])
    with traffic() as sent:
        pipeline.gate(batch)
    assert sent.sessions == 0, sent
    assert not [text for text in sent.statements if text.lower().startswith(("alter session", "rollback", "commit"))]
    with open_warehouse("another") as other:
        assert other.execute("select count(*) from audit.gate_results").fetchall()[0][0] > 0
    pipeline.gate(pipeline.land("orders", [order("O2")]))
