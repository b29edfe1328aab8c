"""What the pipeline's events say on both channels, and what ends them."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from airflow.callbacks.callback_requests import TaskCallbackRequest
from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.processor import _execute_task_callbacks
from airflow.sdk.execution_time.task_runner import _run_task_state_change_callbacks
from airflow.triggers.callback import CallbackTrigger

from include import alert_events, alerts, config, maintenance, replaying
from include.alert_events import Place
from include.alert_log import REMIND_AFTER
from include.alert_messages import Alert
from include.gate import GateFailed, Verdict
from include.looker import Warmed
from include.reconcile import Difference, Reconciliation
from tests.pipeline.channels import text_of
from tests.pipeline.rows import customer, order, order_item

REPOSITORY = Path(__file__).parents[2]
LOG = structlog.get_logger("test")
NOW = datetime.now(UTC)
FAILED = Alert("task_failed", "ingest_orders.orders.extract", "SourceError", where="DAG ingest_orders", run_id="r1")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Puts the caller into a task of a run; `began` is minutes from now."""

    def put(dag_id: str = "ingest_orders", task_id: str = "orders.gate", run_id: str = "r1", began: int = -5) -> Place:
        url = f"https://airflow.example/dags/{dag_id}/runs/{run_id}/tasks/{task_id}"
        stood = Place(dag_id, task_id, run_id, url, datetime.now(UTC) + timedelta(minutes=began))
        monkeypatch.setattr(alert_events, "here", lambda: stood)
        return stood

    put()
    return put


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(REPOSITORY / "dags" / "ingest_crm.py")


def task_context(bag: DagBag, error: BaseException) -> dict[str, Any]:
    """The context as the task runner holds it after a task has failed."""
    instance = SimpleNamespace(
        dag_id="ingest_crm",
        task_id="customers.extract",
        run_id="r1",
        log_url="https://airflow.example/log",
    )
    return {"ti": instance, "dag_run": SimpleNamespace(start_date=NOW), "exception": error, "outlet_events": {}}


def test_a_failed_task_is_told_by_its_callback_without_personal_data(bag, channels, warehouse):
    task = bag.dags["ingest_crm"].get_task("customers.extract")
    context = task_context(bag, ValueError("row 7: Ada,Lovelace,ada@example.com"))
    _run_task_state_change_callbacks(task, "on_failure_callback", context, LOG)
    headline = "Task failed: ingest_crm.customers.extract"
    assert channels.headlines() == ([headline], [headline])
    for message in (json.dumps(channels.slack()), text_of(channels.mail()[0])):
        assert "ValueError" in message and "https://airflow.example/log" in message
        assert "ada" not in message.lower() and "Lovelace" not in message


def test_a_gate_that_told_so_itself_is_not_told_as_a_failed_task(bag, channels, warehouse):
    task = bag.dags["ingest_crm"].get_task("customers.gate")
    _run_task_state_change_callbacks(task, "on_failure_callback", task_context(bag, GateFailed("no")), LOG)
    assert channels.headlines() == ([], [])


def test_a_killed_task_is_told_by_the_dag_processor(bag, channels, warehouse):
    instance = {
        "id": str(uuid.uuid4()),
        "dag_version_id": str(uuid.uuid4()),
        "task_id": "customers.land",
        "dag_id": "ingest_crm",
        "run_id": "r1",
        "try_number": 5,
        "pool_slots": 1,
        "queue": "default",
        "priority_weight": 1,
    }
    request = TaskCallbackRequest(
        filepath="ingest_crm.py", bundle_name="dags", bundle_version=None, msg="", ti=instance
    )
    _execute_task_callbacks(bag, request, LOG)
    assert channels.headlines()[0] == ["Task failed: ingest_crm.customers.land"]
    assert "process ended" in json.dumps(channels.slack())


async def payloads(trigger: CallbackTrigger) -> list[dict[str, Any]]:
    """What a trigger tells the triggerer that runs it."""
    return [event.payload async for event in trigger.run()]


def test_a_missed_deadline_is_one_message_on_each_channel(bag, channels, warehouse, place):
    [deadline] = bag.dags["ingest_crm"].deadline
    run = {
        "dag_id": "ingest_crm",
        "dag_run_id": "scheduled__1",
        "state": "running",
        "queued_at": "2026-07-01T00:00:00Z",
    }
    context = {"dag_run": run, "deadline": {"id": "1", "deadline_time": "2026-07-01T06:00:00Z"}}
    trigger = CallbackTrigger(deadline.callback.path, {**deadline.callback.kwargs, "context": context})
    assert asyncio.run(payloads(trigger)) == [{"state": "running"}, {"state": "success", "body": None}]
    assert channels.headlines() == (["Deadline missed: ingest_crm"], ["Deadline missed: ingest_crm"])
    told = json.dumps(channels.slack())
    for part in ("6 h 0 min", "it is running", "run scheduled__1", "2026-07-01 07:00", "/dags/ingest_crm/runs/"):
        assert part in told, part
    place("ingest_crm", "announce", "scheduled__1")
    alert_events.run_succeeded()
    assert channels.headlines()[0][1:] == ["Recovered: Deadline missed: ingest_crm"]


def test_a_deadline_whose_moment_cannot_be_read_is_still_told(channels, warehouse):
    run = {"dag_id": "build_marts", "dag_run_id": "r", "state": "queued", "queued_at": None}
    alert_events.deadline_missed("1 h 30 min", {"dag_run": run, "deadline": {"deadline_time": "soon"}})
    assert channels.headlines()[0] == ["Deadline missed: build_marts"]


def gate(pipeline, batch) -> None:
    """As the task gate does it."""
    try:
        verdict = pipeline.gate(batch)
    except GateFailed as failure:
        alert_events.gate_stopped(batch, failure)
        raise
    alert_events.gate_passed(batch, verdict, pipeline.warehouse)


def test_a_gate_that_stops_is_told_with_keys_and_query_until_the_table_passes(pipeline, channels, place):
    bad = pipeline.land("orders", [order(), order("O2", status="lost")])
    for _ in range(2):  # a retry
        with pytest.raises(GateFailed):
            gate(pipeline, bad)
    assert channels.headlines() == (["Gate stopped a batch: orders"],) * 2
    told = channels.slack()[0]["blocks"]
    assert "order_id = O2" in told[1]["text"]["text"] and "find them: select" in told[1]["text"]["text"]
    assert bad.id in json.dumps(told) and "data_docs" in json.dumps(told)
    gate(pipeline, pipeline.land("orders", [order()]))
    assert channels.headlines()[1][1:] == ["Recovered: Gate stopped a batch: orders"]


def test_another_rule_that_stops_a_table_is_told_at_once(pipeline, channels, place):
    lost, unversioned = order("O2", status="lost"), order("O3", updated_at=None)
    for row in (lost, unversioned, lost):
        with pytest.raises(GateFailed):
            gate(pipeline, pipeline.land("orders", [order(), row]))
    headline = "Gate stopped a batch: orders"
    assert channels.headlines() == ([headline, f"New trouble: {headline}"],) * 2
    assert "order_id = O3" in json.dumps(channels.slack()[1])


def test_data_docs_are_linked_where_they_are_published(pipeline, channels, place, monkeypatch):
    monkeypatch.setattr(config, "DATA_DOCS_URL", "https://docs.example/data")
    bad = pipeline.land("orders", [order(status="lost")])
    with pytest.raises(GateFailed):
        gate(pipeline, bad)
    address = f"https://docs.example/data/orders/{bad.id}/index.html"
    assert f"<{address}|Data Docs>" in json.dumps(channels.slack())
    assert f'<a href="{address}">Data Docs</a>' in text_of(channels.mail()[0])


def test_keys_of_a_table_with_personal_data_are_not_told(pipeline, channels, place):
    with pytest.raises(GateFailed):
        gate(pipeline, pipeline.land("customers", [customer("C77", updated_at=None)]))
    told = json.dumps(channels.slack()) + text_of(channels.mail()[0])
    assert "Gate stopped a batch: customers" in told
    assert "C77" not in told and "select" not in told


def test_too_many_bad_rows_are_told_as_such(pipeline, channels, place):
    rows = [order(f"O{i}") for i in range(30)] + [order(f"B{i}", total_amount=Decimal("-1")) for i in range(21)]
    with pytest.raises(GateFailed):
        gate(pipeline, pipeline.land("orders", rows))
    assert channels.headlines()[0] == ["Too many bad rows: orders"]
    assert "negative_total 21 rows" in json.dumps(channels.slack())


def test_a_warning_is_told_until_a_batch_has_none(pipeline, channels, place):
    for _ in range(2):
        gate(pipeline, pipeline.land("order_items", [order_item(line_amount=Decimal("99"))]))
    assert channels.headlines() == (["Gate warning: order_items"],) * 2
    assert "a line amount that quantity and price do not explain, to a cent a unit: 1 of 1 rows" in json.dumps(
        channels.slack()
    )
    gate(pipeline, pipeline.land("order_items", [order_item()]))
    assert channels.headlines()[0][1:] == ["Recovered: Gate warning: order_items"]


def test_what_a_gate_warns_of_in_personal_data_is_not_told(pipeline, channels, place):
    batch = pipeline.land("customers", [customer()])
    alert_events.gate_passed(batch, Verdict(1, warnings=["a name: found Ada"]), pipeline.warehouse)
    assert channels.headlines()[0] == ["Gate warning: customers"]
    assert "Ada" not in json.dumps(channels.slack())


def test_a_difference_to_the_source_is_told_until_they_agree(channels, warehouse, place):
    day = datetime(2026, 6, 1, tzinfo=UTC).date()
    differs = Reconciliation(3, [Difference(day, (2, Decimal("20")), (1, Decimal("10")))])
    alert_events.reconciled("orders", differs, warehouse)
    alert_events.reconciled("orders", Reconciliation(0), warehouse)
    assert channels.headlines() == (["Source and warehouse differ: orders"],) * 2
    assert "2026-06-01: source 2 rows (20.00), warehouse 1 (10.00)" in json.dumps(channels.slack())
    alert_events.reconciled("orders", Reconciliation(3), warehouse)
    assert channels.headlines()[0][1:] == ["Recovered: Source and warehouse differ: orders"]


def differing(*days: int, compared: tuple[int, int]) -> Reconciliation:
    """A comparison of days of June that found some to differ."""
    first, last = (date(2026, 6, day) for day in compared)
    differences = [Difference(date(2026, 6, day), (2, Decimal("20")), (1, Decimal("10"))) for day in days]
    return Reconciliation(last.day - first.day + 1, differences, compared=(first, last))


def test_another_day_that_differs_is_told_at_once(channels, warehouse, place):
    for days in ((1,), (1,), (1, 2), (2,)):
        alert_events.reconciled("orders", differing(*days, compared=(1, 9)), warehouse)
    headline = "Source and warehouse differ: orders"
    assert channels.headlines() == ([headline, f"New trouble: {headline}"],) * 2


def test_a_day_that_has_left_the_compared_span_stays_open_and_says_so(channels, warehouse, place):
    headline, recovered = "Source and warehouse differ: orders", "Recovered: Source and warehouse differ: orders"
    alert_events.reconciled("orders", differing(1, 3, compared=(1, 9)), warehouse)
    alert_events.reconciled("orders", differing(compared=(2, 10)), warehouse)
    assert channels.headlines() == ([headline],) * 2
    earlier = (NOW - REMIND_AFTER).replace(tzinfo=None)
    warehouse.execute("update audit.alerts set claimed_at = %(at)s, notified_at = %(at)s", {"at": earlier})
    alert_events.reconciled("orders", differing(compared=(3, 11)), warehouse)
    assert channels.headlines() == ([headline, f"Still open: {headline}"],) * 2
    told = text_of(channels.mail()[-1])
    assert "1 day(s) differed when they were last compared and are compared no more: 2026-06-01." in told
    assert "start&quot;: &quot;2026-06-01&quot;, &quot;end&quot;: &quot;2026-06-12" in told
    place(run_id="by_hand", began=1)
    alert_events.reconciled("orders", differing(compared=(1, 11)), warehouse)
    assert channels.headlines()[1][2:] == [recovered]


def test_a_comparison_of_other_days_ends_nothing(channels, warehouse, place):
    alert_events.reconciled("orders", differing(20, compared=(1, 20)), warehouse)
    place(run_id="backfill", began=1)
    alert_events.reconciled("orders", differing(compared=(1, 5)), warehouse)
    assert channels.headlines()[0] == ["Source and warehouse differ: orders"]
    alert_events.reconciled("orders", differing(compared=(1, 21)), warehouse)
    assert channels.headlines()[0][1:] == ["Recovered: Source and warehouse differ: orders"]


def test_a_cold_cache_is_told_until_it_is_warm(channels, warehouse, place):
    place("build_marts", "warm_looker")
    failed = [Warmed("Sales", "by day", 1.0, "SDKError: token=abc"), Warmed("Sales", "by week", 1.0)]
    alert_events.cache_warmed([], ConnectionError("token=abc"))
    alert_events.cache_warmed(failed)
    assert channels.headlines() == (["Looker's cache is cold: looker"],) * 2
    assert "abc" not in json.dumps(channels.slack())
    alert_events.cache_warmed(failed[1:])
    assert channels.headlines()[0][1:] == ["Recovered: Looker's cache is cold: looker"]


BY_HAND = {
    "replay_quarantine.replay": (replaying, "replay", {"table": "orders", "reason": "negative_total", "batch": None}),
    "maintain_warehouse.remove_old_exports": (maintenance, "remove_old_exports", {}),
}


@pytest.mark.parametrize("subject", BY_HAND)
def test_a_run_that_succeeds_ends_what_an_earlier_one_has_raised(channels, warehouse, place, monkeypatch, subject):
    module, task, params = BY_HAND[subject]
    alerts.raise_alert(replace(FAILED, subject=subject))
    dag_id, task_id = subject.split(".")
    place(dag_id, task_id, "r2", began=1)
    instance = SimpleNamespace(dag_id=dag_id, task_id=task_id, run_id="r2", try_number=1, get_dr_count=lambda **_: 0)
    context = {"params": params | {"dry_run": True}, "ti": instance, "dag_run": SimpleNamespace(start_date=None)}
    monkeypatch.setattr(module, "get_current_context", lambda: context)
    getattr(module, task).function()
    headline = f"Task failed: {subject}"
    assert channels.headlines() == ([headline, f"Recovered: {headline}"],) * 2
