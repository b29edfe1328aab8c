"""Data that is late: told on both channels until it arrives, and what the metric says."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from include import alert_events, config, metrics
from include import watch as watching
from include.alert_events import Place


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Looks at the sources at a moment (London), as the task does; no scheduled run exists but those of `runs`."""

    def look(now: str, runs: dict[str, int] | None = None) -> None:
        began_at = datetime.now(UTC) + timedelta(minutes=1)
        place = Place("watch_freshness", "watch_sources", "r1", "https://airflow.example/log", began_at)
        monkeypatch.setattr(alert_events, "here", lambda: place)
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


def test_the_metric_calls_late_what_on_call_is_told_of(channels, warehouse, watch, monkeypatch):
    sent: dict[str, int] = {}

    def gauge(name: str, value: int, tags: dict[str, str]) -> None:
        if name == "warehouse.late":
            sent[tags["source"]] = value

    monkeypatch.setattr(metrics.stats, "gauge", gauge)
    watch("2026-06-30T12:05:00")
    assert sent == dict.fromkeys(("catalog", "crm", "orders", "web_events"), 0)
    load_all(warehouse, "2026-06-01", "2026-06-30", "2026-06-29T23:30:00", but=("crm",))
    watch("2026-06-30T06:05:00")
    assert sent["crm"] == 0
    load_all(warehouse, "2026-06-30", "2026-07-01", "2026-06-30T23:30:00", but=("crm",))
    watch("2026-07-01T06:05:00")
    assert sent == {"catalog": 0, "crm": 1, "orders": 0, "web_events": 0}


def test_a_shop_that_has_ended_is_not_late(channels, warehouse, watch, monkeypatch):
    monkeypatch.setenv("SCHEDULE_UNTIL", "2026-06-30")
    load_all(warehouse, "2026-06-01", "2026-07-01", "2026-07-01T01:00:00")
    watch("2026-09-01T12:05:00")
    assert channels.headlines() == ([], [])
