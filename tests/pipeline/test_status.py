"""`make status` says how far the data is and what is wrong with it."""

import io
from decimal import Decimal

from rich.console import Console

from include import alerts
from include.alert_messages import Alert
from include.publish import publish
from local.status import print_status
from tests.pipeline.conftest import RUN
from tests.pipeline.rows import order, product


def shown(stack) -> str:
    console = Console(file=io.StringIO(), width=160)
    print_status(console, stack)
    return console.file.getvalue()


def line(text: str, title: str, name: str) -> list[str]:
    """Cells of a line of the table with this title."""
    table = text.split(title)[1]
    return next(row.split() for row in table.splitlines() if row.strip().startswith(name))


def test_it_shows_days_batches_quarantine_and_alerts(stack, pipeline):
    batch = pipeline.land("orders", [*(order(f"O{i}") for i in range(3)), order("B", total_amount=Decimal("-1"))])
    pipeline.gate(batch)
    publish(pipeline.warehouse, batch, RUN)
    pipeline.load("products", [product()])
    alerts.raise_alert(Alert("late", "crm", "It is late."))
    text = shown(stack)
    assert line(text, "Sources", "catalog")[1] == "2026-06-01"
    assert line(text, "Sources", "orders")[1] == "never"  # its items and refunds have not been published
    assert line(text, "Last batch", "orders")[1:4] == [batch.id, "4", "1"]
    assert line(text, "Quarantine", "orders")[1:4] == ["negative_total", "1", "-1.00"]
    assert line(text, "Open alerts", "Data late: crm")[3] == "1"
    alerts.recover("late:crm")
    assert "none" in shown(stack).split("Open alerts")[1]


def test_it_counts_what_is_set_aside_by_reason_without_what_the_source_has_deleted(stack, pipeline):
    assert "nothing" in shown(stack).split("Quarantine")[1].split("Open alerts")[0]
    bad = [order(f"B{i}", total_amount=Decimal("-600.5")) for i in range(3)]
    good = order("O1", total_amount=Decimal(10_000_000))  # beside it the bad is little
    batch = pipeline.land("orders", [good, *bad, order("C", currency="pounds")])
    pipeline.gate(batch)
    publish(pipeline.warehouse, batch, RUN)
    pipeline.warehouse.execute("update quarantine.orders set _deleted_at = _quarantined_at where order_id = 'B0'")
    rejected = shown(stack).split("Quarantine")[1].split("Open alerts")[0]
    lines = [row.split() for row in rejected.splitlines() if row.strip().startswith("orders")]
    assert [cells[1:3] for cells in lines] == [["bad_currency", "1"], ["negative_total", "2"]]
    assert lines[1][3] == "-1,201.00"


def test_it_says_so_when_there_are_no_tables_yet(stack, warehouse):
    warehouse.execute("drop table audit.alerts")
    assert "has no tables yet" in shown(stack)
