"""The part of Airflow's REST API that the demo and the end-to-end tests use."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from local.airflow_environment import PASSWORD, USER
from local.airflow_settings import Settings

PAGE = 100  # Airflow answers no more at once
FINISHED = frozenset({"success", "failed"})
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|\[\d{1,2}m")
TIMEOUT = 60  # seconds for one answer; two busy cores can take a while


class AirflowApiError(Exception):
    """Airflow refused a request. The message holds what was asked and what it answered."""


@dataclass(frozen=True)
class Task:
    """One task instance of a run."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    try_number: int

    @property
    def name(self) -> str:
        """The task as Airflow's UI shows it."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_id: str
    state: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether Airflow is done with it, well or badly."""
        return self.state in FINISHED


class AirflowApi:
    """A session with one Airflow, signed in as the local administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine has no business with the loopback interface

    def dags(self) -> dict[str, dict[str, Any]]:
        """All active DAGs by id, as the API describes them."""
        return {dag["dag_id"]: dag for dag in self._pages("dags", "dags")}

    def import_errors(self) -> dict[str, str]:
        """File name to error text, of every DAG file that cannot be read."""
        return {error["filename"]: error["stack_trace"] for error in self._pages("importErrors", "import_errors")}

    def configure(self, settings: Settings) -> None:
        """Write connections, pools and variables; those of the same names are replaced."""
        connections = [
            {
                "connection_id": connection.conn_id,
                "conn_type": connection.conn_type,
                "host": connection.host,
                "schema": connection.schema,
                "login": connection.login,
                "password": connection.password,
                "port": connection.port,
                "extra": json.dumps(connection.extra),
            }
            for connection in settings.connections
        ]
        pools = [{"name": pool.name, "slots": pool.slots, "description": pool.description} for pool in settings.pools]
        variables = [{"key": key, "value": value} for key, value in settings.variables.items()]
        for path, entities in (("connections", connections), ("pools", pools), ("variables", variables)):
            if entities:
                self._write_all(path, entities)

    def pause(self, dag_id: str, paused: bool = True) -> None:
        """Keep Airflow from starting runs of this DAG by itself, or let it."""
        self._ask("PATCH", f"dags/{dag_id}", {"is_paused": paused}, parameters={"update_mask": "is_paused"})

    def trigger(
        self,
        dag_id: str,
        run_id: str,
        params: dict[str, Any] | None = None,
        interval: tuple[datetime, datetime] | None = None,
    ) -> Run:
        """Start a run; `interval` makes it one of that data interval, as the schedule would have started it."""
        start, end = interval or (None, None)
        body = {"dag_run_id": run_id, "conf": params or {}, "logical_date": start and start.isoformat()}
        if start and end:
            body |= {"data_interval_start": start.isoformat(), "data_interval_end": end.isoformat()}
        return _run(self._ask("POST", f"dags/{dag_id}/dagRuns", body))

    def run(self, dag_id: str, run_id: str) -> Run | None:
        """A run by its id, or None."""
        answer = self._request("GET", f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")
        return None if answer.status_code == 404 else _run(self._checked(answer))

    def runs(self, dag_id: str) -> list[Run]:
        """All runs of a DAG, the newest first."""
        return [_run(run) for run in self._pages(f"dags/{dag_id}/dagRuns", "dag_runs", {"order_by": "-id"})]

    def caused_runs(self, dag_id: str, producers: set[tuple[str, str]]) -> dict[Run, set[tuple[str, str]]]:
        """The runs of `dag_id` that assets started which these (DAG, run) pairs updated, each with its pairs."""
        causes = {run: producers & self._producers(run) for run in self.runs(dag_id)}
        return {run: found for run, found in causes.items() if found}

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """The task instances of a run, the order is the API's."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        return [_task(task) for task in self._pages(path, "task_instances")]

    def tasks_of(self, runs: Sequence[Run]) -> dict[Run, list[Task]]:
        """The task instances of several runs, asked for at once: each question costs the API server 20 ms and more."""
        body = {"dag_ids": [run.dag_id for run in runs], "dag_run_ids": [run.run_id for run in runs]}
        found: list[Task] = []
        while True:
            page = {"page_limit": PAGE, "page_offset": len(found)}
            answer = self._ask("POST", "dags/~/dagRuns/~/taskInstances/list", body | page)
            found += [_task(task) for task in answer["task_instances"]]
            if not answer["task_instances"] or len(found) >= answer["total_entries"]:
                break
        return {run: [task for task in found if (task.dag_id, task.run_id) == (run.dag_id, run.run_id)] for run in runs}

    def clear(self, run: Run, tasks: Sequence[Task]) -> None:
        """Let these tasks of a run start again now, and the run go on."""
        names = [task.task_id if task.map_index < 0 else [task.task_id, task.map_index] for task in tasks]
        body = {"dag_run_id": run.run_id, "task_ids": names, "only_failed": False, "dry_run": False}
        self._ask("POST", f"dags/{run.dag_id}/clearTaskInstances", body | {"reset_dag_runs": True})

    def log(self, task: Task) -> list[str]:
        """The lines of a task's latest try, as its log page shows them."""
        path = (
            f"dags/{task.dag_id}/dagRuns/{quote(task.run_id, safe='')}"
            f"/taskInstances/{task.task_id}/logs/{max(task.try_number, 1)}"
        )
        answer = self._ask("GET", path, parameters={"map_index": task.map_index, "full_content": "true"})
        return [line for entry in answer.get("content", []) for line in _log_lines(entry)]

    def run_url(self, run: Run) -> str:
        """The page of a run in the UI."""
        return f"{self.url}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}"

    def _write_all(self, path: str, entities: list[dict[str, Any]]) -> None:
        action = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        answer = self._ask("PATCH", path, {"actions": [action]})
        errors = (answer.get("create") or {}).get("errors")
        if errors:
            raise AirflowApiError(f"Airflow did not take all {path}: {errors}")

    def _producers(self, run: Run) -> set[tuple[str, str]]:
        path = f"dags/{run.dag_id}/dagRuns/{quote(run.run_id, safe='')}/upstreamAssetEvents"
        events = self._ask("GET", path).get("asset_events", [])
        return {(event["source_dag_id"], event["source_run_id"]) for event in events}

    def _pages(self, path: str, key: str, parameters: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            answer = self._ask("GET", path, parameters={"limit": PAGE, "offset": offset} | (parameters or {}))
            yield from answer[key]
            offset += PAGE
            if offset >= answer["total_entries"]:
                return

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return self._checked(self._request(method, path, body, parameters))

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, parameters: dict[str, Any] | None = None
    ) -> requests.Response:
        if "Authorization" not in self._session.headers:
            self._sign_in()
        url = f"{self.url}/api/v2/{path}"
        answer = self._session.request(method, url, json=body, params=parameters, timeout=TIMEOUT)
        if answer.status_code == 401:  # the token grew old: the UI may stay up for days
            self._sign_in()
            answer = self._session.request(method, url, json=body, params=parameters, timeout=TIMEOUT)
        return answer

    def _sign_in(self) -> None:
        credentials = {"username": USER, "password": PASSWORD}
        answer = self._session.post(f"{self.url}/auth/token", json=credentials, timeout=TIMEOUT)
        token = self._checked(answer)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _checked(self, answer: requests.Response) -> dict[str, Any]:
        if answer.ok:
            return answer.json()
        request = f"{answer.request.method} {answer.request.path_url}"
        raise AirflowApiError(f"{request} was answered with {answer.status_code}: {answer.text[:500]}")


def _run(answer: dict[str, Any]) -> Run:
    return Run(
        dag_id=answer["dag_id"],
        run_id=answer["dag_run_id"],
        state=answer["state"],
        queued_at=_moment(answer.get("queued_at")),
        started_at=_moment(answer.get("start_date")),
        ended_at=_moment(answer.get("end_date")),
    )


def _task(answer: dict[str, Any]) -> Task:
    return Task(
        dag_id=answer["dag_id"],
        run_id=answer["dag_run_id"],
        task_id=answer["task_id"],
        map_index=answer["map_index"],
        state=answer["state"],
        try_number=answer["try_number"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _log_lines(entry: dict[str, Any] | str) -> list[str]:
    """A log entry as text: the message, then the exceptions that belong to it, without colours."""
    if isinstance(entry, str):
        return [entry]
    message = _COLOURS.sub("", str(entry.get("event", "")))
    if message.startswith("::"):  # marks of the log page's foldable parts
        return []
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    head = f"{(entry.get('timestamp') or '')[11:19]} {entry.get('level', '').upper():8}"
    return [head + line for line in (message, *errors) if line.strip()]
