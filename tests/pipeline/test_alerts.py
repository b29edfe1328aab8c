"""Alerts on the way to Slack and the mail server: told once, counted, reminded of, recovered."""

import asyncio
import json
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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

from include import alert_events, alert_log, alerts, config, maintenance, replaying
from include import watch as watching
from include.alert_events import Place
from include.alert_log import REMIND_AFTER, Recovery
from include.alert_messages import Alert
from include.gate import GateFailed, Verdict
from include.looker import Warmed
from include.reconcile import Difference, Reconciliation
from tests.pipeline.channels import Channels, text_of
from tests.pipeline.rows import customer, order, order_item

REPOSITORY = Path(__file__).parents[2]
LOG = structlog.get_logger("test")
NOW = datetime.now(UTC)
FAILED = Alert("task_failed", "ingest_orders.orders.extract", "SourceError", where="DAG ingest_orders", run_id="r1")
HEADLINE = "Task failed: ingest_orders.orders.extract"


@pytest.fixture
def channels(stack, warehouse) -> Channels:
    arrived = Channels(stack, Path(os.environ["LOCAL_STATE"]) / "smtp")
    arrived.begin()
    return arrived


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


def rows(warehouse, columns: str = "alert_key, occurrence_count, recovered_at is not null") -> list[tuple]:
    return warehouse.execute(f"select {columns} from audit.alerts order by first_seen_at, alert_key").fetchall()


def test_an_alert_is_told_once_on_each_channel_and_then_counted(channels, warehouse):
    assert alerts.raise_alert(FAILED)
    assert not alerts.raise_alert(replace(FAILED, run_id="r2"))
    assert channels.headlines() == ([HEADLINE], [HEADLINE])
    assert rows(warehouse, "alert_key, occurrence_count, first_run_id, run_id, notified_at is not null") == [
        ("task_failed:ingest_orders.orders.extract", 2, "r1", "r2", True)
    ]
    [mail] = channels.mail()
    assert mail["To"] == config.ALERT_EMAIL
    assert "docs/runbooks/task_failed.md" in text_of(mail)


def test_another_key_is_another_alert(channels, warehouse):
    alerts.raise_alert(FAILED)
    alerts.raise_alert(replace(FAILED, subject="ingest_orders.refunds.extract"))
    assert [len(arrived) for arrived in channels.headlines()] == [2, 2]
    assert len(rows(warehouse)) == 2


def test_it_is_told_again_when_it_has_been_open_for_a_day(channels, warehouse):
    alerts.raise_alert(FAILED)
    warehouse.execute(
        "update audit.alerts set notified_at = %(told)s, first_seen_at = %(told)s",
        {"told": (NOW - REMIND_AFTER - timedelta(minutes=1)).replace(tzinfo=None)},
    )
    assert alerts.raise_alert(FAILED)
    assert not alerts.raise_alert(FAILED)
    assert channels.headlines() == ([HEADLINE, f"Still open: {HEADLINE}"],) * 2


def test_two_that_raise_a_key_at_once_send_one_message(channels, warehouse):
    together = threading.Barrier(6)
    told: list[bool] = []

    def raise_one() -> None:
        together.wait()
        told.append(alerts.raise_alert(FAILED))

    threads = [threading.Thread(target=raise_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 5 + [True]
    assert channels.headlines() == ([HEADLINE], [HEADLINE])
    assert rows(warehouse) == [(FAILED.key, 6, False)]


def test_a_recovery_closes_the_alert_and_is_told_once(channels, warehouse):
    alerts.raise_alert(FAILED)
    alerts.raise_alert(FAILED)
    later = Recovery("r2", datetime.now(UTC) + timedelta(minutes=1))
    assert alerts.recover("task_failed:ingest_orders.*", by=later) == 1
    assert alerts.recover("task_failed:ingest_orders.*", by=later) == 0
    assert channels.headlines() == ([HEADLINE, f"Recovered: {HEADLINE}"],) * 2
    assert "seen 2 times" in channels.slack()[-1]["blocks"][1]["text"]["text"]
    assert rows(warehouse) == [(FAILED.key, 2, True)]
    assert alerts.raise_alert(FAILED)  # what fails anew is told anew
    assert rows(warehouse) == [(FAILED.key, 2, True), (FAILED.key, 1, False)]


def test_a_run_that_began_before_the_alert_does_not_close_it(channels, warehouse):
    alerts.raise_alert(FAILED)
    assert alerts.recover(FAILED.key, by=Recovery("r2", NOW - timedelta(hours=1))) == 0
    assert alerts.recover(FAILED.key, by=Recovery("r1", NOW - timedelta(hours=1))) == 1


def test_nothing_open_sends_nothing(channels, warehouse):
    assert alerts.recover("late:orders") == 0
    assert channels.headlines() == ([], [])


def test_the_other_channel_is_tried_when_one_is_down(channels, warehouse, monkeypatch, caplog):
    channels.break_slack(times=5)
    assert alerts.raise_alert(FAILED)
    assert channels.headlines() == ([], [HEADLINE])
    channels.begin()
    port = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(port))
    other = replace(FAILED, subject="ingest_crm.announce")
    assert alerts.raise_alert(other)
    assert channels.headlines() == (["Task failed: ingest_crm.announce"], [])
    assert "E-mail did not take" in caplog.text
    assert "Slack did not take" in caplog.text
    assert "B00000000" not in caplog.text  # the webhook's address is a secret


def test_an_alert_that_nobody_took_is_told_the_next_time_and_is_no_news_when_it_is_over(
    channels, warehouse, monkeypatch
):
    working = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(json.loads(working) | {"port": 1}))
    channels.break_slack(times=5)
    assert not alerts.raise_alert(FAILED)
    assert rows(warehouse, "notified_at") == [(None,)]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", working)
    channels.begin()
    assert alerts.recover(FAILED.key) == 1
    assert channels.headlines() == ([], [])
    alerts.raise_alert(FAILED)
    assert channels.headlines() == ([HEADLINE], [HEADLINE])


def test_without_the_warehouse_it_is_told_every_time_and_nothing_fails(channels, warehouse, monkeypatch, caplog):
    lost = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE"])
    lost["extra"]["port"] = 1
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(lost))
    monkeypatch.setattr(alert_log, "LOGIN_SECONDS", 1)
    assert alerts.raise_alert(FAILED)
    assert alerts.recover(FAILED.key) == 0
    assert channels.headlines() == ([HEADLINE], [HEADLINE])
    assert "audit.alerts cannot be asked" in caplog.text


# -- what the pipeline's events say ------------------------------------------------------------------------------


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


# -- data that is late -------------------------------------------------------------------------------------------


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, place: Any) -> Iterator[Any]:
    """Looks at the sources at a moment (London), as the task does; no scheduled run exists but those of `runs`."""

    def look(now: str, runs: dict[str, int] | None = None) -> None:
        place("watch_freshness", "watch_sources", began=1)
        moment = datetime.fromisoformat(now).replace(tzinfo=config.store_timezone()).astimezone(UTC)
        instance = SimpleNamespace(get_dr_count=lambda dag_id, logical_dates, states: (runs or {}).get(states[0], 0))
        watching.look(moment, instance)

    yield look


def load(warehouse, source: str, table: str, first: str, last: str, published_at: str) -> None:
    """A published batch; days in London, summer time."""
    start, end = (datetime.fromisoformat(day) - timedelta(hours=1) for day in (first, last))
    counts = ("extracted", "landed", "inserted", "updated", "superseded", "quarantined", "replaced")
    row = {
        "batch_id": uuid.uuid4().hex,
        "source": source,
        "table_name": table,
        "dag_id": f"ingest_{source}",
        "run_id": "r",
        "window_start": start,
        "window_end": end,
        **{f"{name}_rows": 0 for name in counts},
        "code_version": "test",
        "published_at": datetime.fromisoformat(published_at),
    }
    warehouse.insert("audit.loads", tuple(row), [tuple(row.values())])


def load_all(warehouse, first: str, last: str, published_at: str, but: tuple[str, ...] = ()) -> None:
    tables = {"orders": ["orders", "order_items", "refunds"], "catalog": ["products"], "crm": ["customers"]}
    for source, names in (tables | {"web_events": ["web_events"]}).items():
        for table in names:
            if source not in but:
                load(warehouse, source, table, first, last, published_at)


def test_late_data_is_told_until_it_arrives(channels, warehouse, watch):
    load_all(warehouse, "2026-06-01", "2026-06-29", "2026-06-29T01:00:00")
    load_all(warehouse, "2026-06-29", "2026-06-30", "2026-06-30T01:00:00", but=("crm",))
    watch("2026-06-30T05:59:00")
    assert channels.headlines() == ([], [])
    watch("2026-06-30T06:05:00")
    watch("2026-06-30T07:05:00")
    assert channels.headlines() == (["Data late: crm"], ["Data late: crm"])
    told = json.dumps(channels.slack())
    for part in ("is 2026-06-28; by now it should be 2026-06-29", "2026-06-30 06:00", "No scheduled run of ingest_crm"):
        assert part in told, part
    load(warehouse, "crm", "customers", "2026-06-29", "2026-06-30", "2026-06-30T07:30:00")
    watch("2026-06-30T08:05:00")
    watch("2026-06-30T09:05:00")
    assert channels.headlines() == (["Data late: crm", "Recovered: Data late: crm"],) * 2


def test_a_late_source_says_which_runs_there_are(channels, warehouse, watch):
    load_all(warehouse, "2026-06-01", "2026-06-29", "2026-06-29T01:00:00", but=("orders",))
    load_all(warehouse, "2026-06-01", "2026-06-30", "2026-06-30T01:00:00", but=("catalog", "crm", "web_events"))
    watch("2026-06-30T06:05:00", {"running": 1})
    assert sorted(channels.headlines()[0]) == ["Data late: catalog", "Data late: crm", "Data late: web_events"]
    assert "for 2026-06-29: 1 running." in json.dumps(channels.slack())


def test_a_new_warehouse_is_not_late_but_one_that_never_loaded_a_source_is(channels, warehouse, watch):
    watch("2026-06-30T12:05:00")
    load_all(warehouse, "2026-06-01", "2026-06-30", "2026-06-29T23:30:00", but=("crm",))
    watch("2026-06-30T23:05:00")
    assert channels.headlines() == ([], [])
    load_all(warehouse, "2026-06-30", "2026-07-01", "2026-06-30T23:30:00", but=("crm",))
    watch("2026-07-01T06:05:00")
    assert channels.headlines()[0] == ["Data late: crm"]
    assert "Nothing was ever published" in json.dumps(channels.slack())


def test_a_shop_that_has_ended_is_not_late(channels, warehouse, watch, monkeypatch):
    monkeypatch.setenv("SCHEDULE_UNTIL", "2026-06-30")
    load_all(warehouse, "2026-06-01", "2026-07-01", "2026-07-01T01:00:00")
    watch("2026-09-01T12:05:00")
    assert channels.headlines() == ([], [])
