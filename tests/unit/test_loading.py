"""How a load goes on from where an earlier one stopped."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local import loading
from local.airflow_api import Run, Task
from local.loading import BUILD, INGEST, LoadError, Loading
from local.product import Dataset

DATASET = Dataset(
    "test", "A test", ZoneInfo("Europe/London"), "GBP", first_day=date(2026, 3, 1), last_day=date(2026, 3, 30)
)
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


class Airflow:
    """Answers as the API does; every run that is started or cleared succeeds at once, unless it is in `failing`."""

    url = "http://localhost:8080"

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Run] = {}
        self.states: dict[tuple[str, str], list[str]] = {}
        self.causes: dict[Run, set[tuple[str, str]]] = {}
        self.failing: set[str] = set()
        self.calls: list[tuple[Any, ...]] = []

    def hold(self, dag_id: str, run_id: str, state: str, tasks: tuple[str, ...] = ()) -> Run:
        run = Run(dag_id, run_id, state, NOON, NOON, NOON)
        self.held[dag_id, run_id] = run
        self.states[dag_id, run_id] = list(tasks)
        return run

    def run(self, dag_id: str, run_id: str) -> Run | None:
        return self.held.get((dag_id, run_id))

    def runs(self, dag_id: str) -> list[Run]:
        return [run for run in self.held.values() if run.dag_id == dag_id]

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        states = self.states[dag_id, run_id]
        return [Task(dag_id, run_id, f"task_{place}", -1, state, 1) for place, state in enumerate(states)]

    def tasks_of(self, runs: list[Run]) -> dict[Run, list[Task]]:
        return {run: self.tasks(run.dag_id, run.run_id) for run in runs}

    def trigger(self, dag_id: str, run_id: str, params: Any = None, interval: Any = None) -> Run:
        self.calls.append(("trigger", dag_id, run_id, params, interval))
        failed = dag_id in self.failing
        return self.hold(dag_id, run_id, "failed" if failed else "success", ("failed" if failed else "success",))

    def clear(self, run: Run, tasks: list[Task]) -> None:
        self.calls.append(("clear", run.dag_id, [task.task_id for task in tasks]))
        self.held[run.dag_id, run.run_id] = replace(run, state="success")

    def pause(self, dag_id: str, paused: bool = True) -> None:
        self.calls.append(("pause" if paused else "unpause", dag_id))

    def caused_runs(self, dag_id: str, producers: set[tuple[str, str]]) -> dict[Run, set[tuple[str, str]]]:
        return {run: found & producers for run, found in self.causes.items() if found & producers}

    def log(self, task: Task) -> list[str]:
        return ["12:00:00 ERROR   the order database is away"]

    def run_url(self, run: Run) -> str:
        return f"{self.url}/dags/{run.dag_id}"


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def load(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> Loading:
    monkeypatch.setattr(loading, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(loading, "BUILD_CAUSED_SECONDS", 0.05)
    environment = SimpleNamespace(task_logs=Path("logs"))
    product = SimpleNamespace(
        api=airflow,
        dataset=DATASET,
        check=lambda: None,
        airflow=SimpleNamespace(logs=Path("logs"), environment=environment),
        started_at=NOON,
    )
    return Loading(product, watch=lambda runs: None, deadline=time.monotonic() + 5)


def named(airflow: Airflow, *names: str) -> list[tuple[Any, ...]]:
    return [call for call in airflow.calls if call[0] in names]


def test_the_history_is_one_run_a_source_and_holds_the_build_back(airflow: Airflow, load: Loading) -> None:
    load.history()
    span = {"start": "2026-03-01", "end": "2026-03-30"}
    assert named(airflow, "trigger") == [("trigger", dag_id, "demo_history", span, None) for dag_id in INGEST]
    assert airflow.calls[0] == ("pause", BUILD)


def test_the_last_day_is_a_run_of_that_store_day(airflow: Airflow, load: Loading) -> None:
    load.last_day()
    summer_day = (datetime(2026, 3, 29, 23, tzinfo=UTC), datetime(2026, 3, 30, 23, tzinfo=UTC))
    assert named(airflow, "trigger") == [("trigger", dag_id, "demo_2026-03-30", None, summer_day) for dag_id in INGEST]
    assert ("unpause", BUILD) in airflow.calls


def test_what_succeeded_before_is_left_alone(airflow: Airflow, load: Loading) -> None:
    for dag_id in INGEST:
        airflow.hold(dag_id, "demo_history", "success", ("success",))
    load.history()
    assert named(airflow, "trigger", "clear", "pause") == []


def test_only_what_is_stuck_starts_again(airflow: Airflow, load: Loading) -> None:
    airflow.hold("ingest_crm", "demo_history", "failed", ("success", "failed", "upstream_failed"))
    airflow.hold("ingest_orders", "demo_history", "running", ("success", "up_for_retry"))
    load.history()
    assert named(airflow, "clear") == [
        ("clear", "ingest_orders", ["task_1"]),
        ("clear", "ingest_crm", ["task_1", "task_2"]),
    ]


def test_the_build_that_covers_every_source_is_waited_for(airflow: Airflow, load: Loading) -> None:
    daily = load.last_day()
    pairs = {(run.dag_id, run.run_id) for run in daily}
    early = airflow.hold(BUILD, "early", "success", ("success",))
    late = replace(airflow.hold(BUILD, "late", "success", ("success",)), started_at=NOON.replace(hour=13))
    airflow.held[BUILD, "late"] = late
    orders = {pair for pair in pairs if pair[0] == "ingest_orders"}
    airflow.causes = {early: orders, late: pairs - orders}
    assert load.build(daily).run_id == "late"


def test_a_build_that_nothing_caused_is_asked_for(airflow: Airflow, load: Loading) -> None:
    daily = load.last_day()
    assert load.build(daily).run_id == "demo_build"


def test_a_failure_names_task_log_and_what_to_do(airflow: Airflow, load: Loading) -> None:
    airflow.failing = {"ingest_orders"}
    with pytest.raises(LoadError) as failure:
        load.history()
    message = str(failure.value)
    for part in ("ingest_orders: task task_0 failed", "the order database is away", "Triage", "`make demo` again"):
        assert part in message


def test_a_run_without_tasks_is_no_success(airflow: Airflow, load: Loading) -> None:
    for dag_id in INGEST:
        airflow.hold(dag_id, "demo_history", "success", ("success",))
    airflow.hold("ingest_crm", "demo_history", "success")
    with pytest.raises(LoadError, match="ingest_crm: the run has no tasks"):
        load.history()


def test_the_time_runs_out(airflow: Airflow, load: Loading) -> None:
    airflow.hold("ingest_orders", "demo_history", "running", ("running",))
    load.deadline = time.monotonic()
    with pytest.raises(LoadError, match="The time is over; still running: ingest_orders"):
        load.history()
