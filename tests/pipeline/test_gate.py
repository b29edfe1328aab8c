"""Each rule of each gate has data that breaks it: critical rules stop the batch, the others set its rows aside."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from include.expectations import suite
from include.gate import GateFailed
from include.publish import publish
from tests.pipeline.conftest import RUN
from tests.pipeline.rows import MAKERS, MORNING, order, order_item, product

CRITICAL = [
    ("orders", {"order_id": None}),
    ("orders", {"updated_at": None}),
    ("orders", {"status": "lost"}),
    ("order_items", {"order_item_id": None}),
    ("order_items", {"updated_at": None}),
    ("order_items", {"order_id": None}),
    ("refunds", {"refund_id": None}),
    ("refunds", {"updated_at": None}),
    ("products", {"product_id": None}),
    ("products", {"updated_at": None}),
    ("customers", {"customer_id": None}),
    ("customers", {"updated_at": None}),
    ("web_events", {"event_id": None}),
    ("web_events", {"exported_at": None}),
    ("web_events", {"event_at": None}),
]
QUARANTINED = [
    ("orders", {"ordered_at": None}, "no_order_time"),
    ("orders", {"total_amount": Decimal("-0.0001")}, "negative_total"),
    ("orders", {"currency": "pounds"}, "bad_currency"),
    ("order_items", {"product_id": None}, "no_product"),
    ("order_items", {"unit_price": Decimal("-11062.06"), "line_amount": Decimal("-11062.06")}, "negative_price"),
    ("order_items", {"quantity": 0, "line_amount": Decimal(0)}, "quantity_out_of_range"),
    ("order_items", {"quantity": 100001}, "quantity_out_of_range"),
    ("order_items", {"discount_amount": Decimal("-1")}, "negative_discount"),
    ("refunds", {"refunded_at": None}, "no_refund_time"),
    ("refunds", {"amount": Decimal(0)}, "amount_not_positive"),
    ("products", {"list_price": Decimal("-1")}, "negative_list_price"),
    ("customers", {"email": "ada.example.com"}, "bad_email"),
    ("web_events", {"user_pseudo_id": None}, "no_visitor"),
    ("web_events", {"event_at": MORNING - timedelta(days=9)}, "outside_day"),
    ("web_events", {"purchase_revenue": Decimal("-1")}, "negative_revenue"),
]


def days_of(table, day_of):
    return [day_of(1, 6)] if table == "web_events" else []


def test_every_rule_that_stops_or_quarantines_is_tried_here():
    for table in MAKERS:
        rules = suite(table).rules
        assert {rule.quarantine for rule in rules if rule.quarantine} == {
            reason for name, _, reason in QUARANTINED if name == table
        }
        assert len([rule for rule in rules if rule.severity == "critical"]) == len(
            [name for name, _ in CRITICAL if name == table]
        )


@pytest.mark.parametrize("table", sorted(MAKERS))
def test_critical_rules_stop_the_batch_with_keys_and_a_query(pipeline, table, day_of):
    changes = [change for name, change in CRITICAL if name == table]
    broken = [MAKERS[table](**change) for change in changes]
    batch = pipeline.land(table, [MAKERS[table]("good"), *broken], days_of(table, day_of))
    with pytest.raises(GateFailed) as failure:
        pipeline.gate(batch)
    text = str(failure.value)
    assert f"{len(changes)} critical expectation(s) failed; nothing was published" in text
    assert text.count("1 of ") == len(changes)
    query = text.split("find them: ")[1].splitlines()[0]
    assert len(pipeline.warehouse.execute(query).fetchall()) == 1
    results = pipeline.warehouse.execute(
        "select count(*) from audit.gate_results where batch_id = %(batch)s and not success", {"batch": batch.id}
    ).fetchall()
    assert results[0][0] >= len(changes)


@pytest.mark.parametrize("table", sorted(MAKERS))
def test_bad_rows_are_set_aside_with_reason_and_money_and_the_rest_is_published(pipeline, table, day_of):
    make = MAKERS[table]
    broken = [
        (make(f"bad{i}", **change), reason) for i, (name, change, reason) in enumerate(QUARANTINED) if name == table
    ]
    batch = pipeline.land(table, [make("good"), *(row for row, _ in broken)], days_of(table, day_of))
    verdict = pipeline.gate(batch)
    assert verdict.rejected_rows == len(broken)
    published = publish(pipeline.warehouse, batch, RUN)
    assert (published.inserted.rows, published.quarantined.rows) == (1, len(broken))
    held = pipeline.warehouse.execute(
        f"select {batch.contract.key[0]}, _reason from {batch.contract.quarantine}"
    ).fetchall()
    assert sorted(held) == sorted((row[batch.contract.key[0]], reason) for row, reason in broken)
    assert len(pipeline.held(table)) == 1


def test_a_row_that_breaks_two_rules_is_set_aside_once(pipeline):
    batch = pipeline.land("order_items", [order_item("I1", quantity=0, unit_price=Decimal("-1"))])
    assert [(item.reason, item.rows) for item in pipeline.gate(batch).rejected] == [("negative_price", 1)]


def test_too_many_bad_rows_stop_the_batch_instead(pipeline):
    bad = [order(f"B{i}", total_amount=Decimal("-1")) for i in range(21)]
    batch = pipeline.land("orders", [order(f"O{i}") for i in range(100)] + bad)
    with pytest.raises(GateFailed, match=r"17.36% of the rows \(1.00% allowed\).*negative_total 21 rows"):
        pipeline.gate(batch)
    assert pipeline.count("staging.orders") == 0


def test_a_warning_is_told_and_stops_nothing(pipeline):
    batch = pipeline.land("order_items", [order_item(line_amount=Decimal("99"))])
    verdict = pipeline.gate(batch)
    assert verdict.rejected == []
    assert verdict.warnings == ["a line amount that quantity and price do not explain: 1 of 1 rows"]


def test_an_info_rule_stays_in_the_results(pipeline):
    batch = pipeline.land("products", [product(name=None)])
    verdict = pipeline.gate(batch)
    assert (verdict.rejected, verdict.warnings) == ([], [])
    assert pipeline.warehouse.execute(
        "select severity, unexpected_count from audit.gate_results where not success"
    ).fetchall() == [("info", 1)]


def test_data_docs_are_written_for_the_batch(pipeline):
    from include.gating import check

    _, page = check(pipeline.warehouse, pipeline.land("orders", [order()]))
    assert "Expectation" in page.read_text()


def test_an_empty_batch_passes(pipeline):
    assert pipeline.gate(pipeline.land("web_events", [])).checked == 0


def test_no_session_of_great_expectations_stays_open(pipeline):
    opened = []

    def remember(session, _):
        opened.append(session)

    event.listen(Pool, "connect", remember)
    try:
        pipeline.gate(pipeline.land("orders", [order()]))
    finally:
        event.remove(Pool, "connect", remember)
    assert opened
    assert all(session.is_closed() for session in opened)
