"""Load a data set with the real DAGs: its history in one run a source, its last day as a daily run, then the build.

Every step first looks at what earlier runs did, so that a demo that was cut off goes on where it stopped.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from local.airflow_api import AirflowApi, Run, Task
from local.product import Product

INGEST = ("ingest_orders", "ingest_catalog", "ingest_crm", "ingest_web_events")
BUILD = "build_marts"
POLL_SECONDS = 1.0
BUILD_CAUSED_SECONDS = 60.0
LOG_LINES = 40
LOG_WIDTH = 300
ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
STUCK = frozenset({"failed", "upstream_failed", "up_for_retry"})
ACTIVE = frozenset({"running", "restarting", "deferred", "up_for_retry", "up_for_reschedule"})


class LoadError(Exception):
    """A run failed, or the time was over. The message says which task, what its log says and where to look."""


@dataclass(frozen=True)
class RunProgress:
    """How far a run is, for a display."""

    run: Run
    tasks: list[Task]

    @property
    def done(self) -> int:
        """Tasks that have ended, well or badly."""
        return sum(task.state in ENDED for task in self.tasks)

    @property
    def active(self) -> list[Task]:
        """Tasks that are running or waiting for another try."""
        return [task for task in self.tasks if task.state in ACTIVE]

    @property
    def seconds(self) -> float:
        """Time since the run began, to its end if it has one."""
        if self.run.started_at is None:
            return 0.0
        return ((self.run.ended_at or datetime.now(UTC)) - self.run.started_at).total_seconds()


Watch = Callable[[Sequence[RunProgress]], None]


@dataclass
class Loading:
    """One pass over the data set of a running product.

    `deadline` is a moment of time.monotonic() after which it gives up.
    """

    product: Product
    watch: Watch
    deadline: float

    @property
    def api(self) -> AirflowApi:
        return self.product.api

    def wait_for_dags(self) -> None:
        """Return when Airflow has read every DAG file.

        Raises:
            LoadError: a file cannot be imported; the message holds the error.
        """
        missing = {*INGEST, BUILD}
        while missing:
            self._check("DAG files were not read", sorted(missing))
            dags = self.api.dags()
            missing = {name for name in (*INGEST, BUILD) if not _is_read(dags.get(name), self.product.started_at)}
            errors = self.api.import_errors()
            if errors:
                raise LoadError("\n\n".join(f"{file} cannot be imported:\n{text}" for file, text in errors.items()))
            if missing:
                time.sleep(0.5)

    def history(self) -> list[Run]:
        """Load every day but the last, in one run a source."""
        data = self.product.dataset
        span = {"start": data.first_day.isoformat(), "end": data.last_day.isoformat()}
        if any(run is None or run.state != "success" for run in map(self._history_run, INGEST)):
            self.api.pause(BUILD)  # its turn comes when all sources are complete
        runs = [self._ensure(dag_id, "demo_history", params=span) for dag_id in INGEST]
        return self._wait(runs)

    def last_day(self) -> list[Run]:
        """Load the last day as the schedule would: one run a source, with that day as data interval."""
        day = self.product.dataset.last_day
        interval = self.product.dataset.day(day)
        self.api.pause(BUILD, False)
        return self._wait([self._ensure(dag_id, f"demo_{day}", interval=interval) for dag_id in INGEST])

    def build(self, causes: Sequence[Run]) -> Run:
        """Wait for the build that the given runs cause between them, and return it."""
        wanted = {(run.dag_id, run.run_id) for run in causes}
        give_up = time.monotonic() + BUILD_CAUSED_SECONDS
        resumed = False
        while True:
            caused = self.api.caused_runs(BUILD, wanted)
            if not resumed:
                for run in caused:
                    self._resume(run)
                resumed = True
            if wanted <= set().union(*caused.values()):
                return self._wait([max(caused, key=lambda run: run.started_at or datetime.max.replace(tzinfo=UTC))])[0]
            if time.monotonic() > give_up:
                return self._wait([self._ensure(BUILD, "demo_build")])[0]
            self._check("no build was started by", [dag_id for dag_id, _ in sorted(wanted)])
            time.sleep(POLL_SECONDS)

    def _history_run(self, dag_id: str) -> Run | None:
        return self.api.run(dag_id, "demo_history")

    def _ensure(
        self,
        dag_id: str,
        run_id: str,
        params: dict[str, str] | None = None,
        interval: tuple[datetime, datetime] | None = None,
    ) -> Run:
        """The run of this id: a new one, or the earlier one set going again."""
        self.api.pause(dag_id, False)
        run = self.api.run(dag_id, run_id)
        if run is None:
            return self.api.trigger(dag_id, run_id, params, interval)
        return self._resume(run)

    def _resume(self, run: Run) -> Run:
        """Set the failed and waiting tasks of an earlier run going again."""
        if run.state == "success":
            return run
        stuck = [task for task in self.api.tasks(run.dag_id, run.run_id) if task.state in STUCK]
        if stuck:
            self.api.clear(run, stuck)
        return self.api.run(run.dag_id, run.run_id) or run

    def _wait(self, runs: Sequence[Run]) -> list[Run]:
        """Return when all runs have succeeded.

        Raises:
            LoadError: one failed, or the deadline has passed.
        """
        seen: dict[tuple[str, str], RunProgress] = {}
        while True:
            seen |= self._progress([run for run in runs if not _is_finished(seen.get((run.dag_id, run.run_id)))])
            self.watch(list(seen.values()))
            if failed := [progress for progress in seen.values() if progress.run.state == "failed"]:
                raise LoadError(self._explain(failed))
            if empty := [one.run.dag_id for one in seen.values() if one.run.is_finished and not one.tasks]:
                raise LoadError(f"{', '.join(empty)}: the run has no tasks; its day lies before the DAG's start date")
            waiting = [progress.run.dag_id for progress in seen.values() if not progress.run.is_finished]
            if not waiting:
                return [progress.run for progress in seen.values()]
            self._check("still running", waiting)
            time.sleep(POLL_SECONDS)

    def _progress(self, runs: Sequence[Run]) -> dict[tuple[str, str], RunProgress]:
        # The run first: once it is seen as finished, its tasks are in their final states.
        current = [self.api.run(run.dag_id, run.run_id) or run for run in runs]
        tasks = self.api.tasks_of(current)
        return {(run.dag_id, run.run_id): RunProgress(run, tasks[run]) for run in current}

    def _check(self, what: str, names: Sequence[str]) -> None:
        self.product.check()
        if time.monotonic() > self.deadline:
            raise LoadError(
                f"The time is over; {what}: {', '.join(names)}. Logs: {self.product.airflow.logs}; "
                "`make demo` again goes on from here, `make demo TIMEOUT=<minutes>` gives it longer."
            )

    def _explain(self, failed: Sequence[RunProgress]) -> str:
        parts = []
        for progress in failed:
            tasks = [task for task in progress.tasks if task.state == "failed"]
            parts += [self._explain_task(task) for task in tasks] or [
                f"{progress.run.dag_id} failed in {progress.run.run_id} without a failed task; "
                f"see {self.api.run_url(progress.run)}"
            ]
        return "\n\n".join(parts)

    def _explain_task(self, task: Task) -> str:
        folder = self.product.airflow.environment.task_logs / f"dag_id={task.dag_id}" / f"run_id={task.run_id}"
        log = "\n".join(f"  {line[:LOG_WIDTH]}" for line in self.api.log(task)[-LOG_LINES:])
        return (
            f"{task.dag_id}: task {task.name} failed in {task.run_id} (try {task.try_number}). The end of its log:\n"
            f"{log}\n"
            f"  whole log: {folder / f'task_id={task.task_id}'}\n"
            f"  what to do: the Triage section in {self.api.url}/dags/{task.dag_id}\n"
            "  `make demo` again goes on from the failed task."
        )


def _is_finished(progress: RunProgress | None) -> bool:
    return progress is not None and progress.run.is_finished


def _is_read(dag: dict | None, since: datetime) -> bool:
    if dag is None or dag["is_stale"] or not dag["last_parsed_time"]:
        return False
    return datetime.fromisoformat(dag["last_parsed_time"].replace("Z", "+00:00")) >= since
