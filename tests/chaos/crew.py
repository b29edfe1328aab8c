"""Workers as the harness sees them: forked from one process that has imported everything, killed, replaced."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import requests

from local.stack import REPOSITORY
from tests.chaos.worker import Ended, Order, Setup, make_metadata, work

ANSWER_SECONDS = 300
QUIET_LOGGERS = ("snowflake", "botocore", "great_expectations", "airflow.dag_processing")
CONTEXT = multiprocessing.get_context("forkserver")
_templates: set[Path] = set()


class WorkerStuck(Exception):
    """A worker has not answered for minutes, or could not drive Airflow: the harness itself is at fault."""


@dataclass(frozen=True)
class Outcome:
    """How an order ended: success, failed or killed; the kinds of faults that struck meanwhile, and failed tasks."""

    state: str
    struck: list[str]
    failed: list[str]


def prepare_airflow(state: Path) -> None:
    """Set the environment by which the forking process, and this one, know Airflow; before anything imports it."""
    home = state / "airflow"
    dags = home / "dags"
    shutil.rmtree(dags, ignore_errors=True)
    dags.mkdir(parents=True)
    for file in sorted((REPOSITORY / "dags").glob("ingest_*.py")):
        (dags / file.name).symlink_to(file)
    plugins = home / "plugins"
    shutil.rmtree(plugins, ignore_errors=True)
    plugins.mkdir()
    (plugins / "run_deadline.py").symlink_to(REPOSITORY / "plugins" / "run_deadline.py")  # else no DAG can be stored
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/London",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": " ".join(f"{name}=WARNING" for name in QUIET_LOGGERS),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "CHAOS_PRELOAD": "1",
        "PYTHONWARNINGS": "ignore",
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    CONTEXT.set_forkserver_preload(["tests.chaos.preloaded", "tests.chaos.worker"])


class Worker:
    """A worker on a database of its own. A new process takes the place of a killed one."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._process: ForkServerProcess | None = None
        self._pipe: Connection
        self._sessions: list[str] = []  # of the warehouse, as the process has begun them

    def give(self, order: Order) -> None:
        """Let the worker begin with an order; `answer` waits for its end."""
        if self._process is not None and not self._process.is_alive():
            self.kill()  # a blow that was meant for the run before
        if self._process is None:
            self._start()
        with suppress(BrokenPipeError):  # killed this moment: `answer` finds it so
            self._pipe.send(order)

    def answer(self) -> Outcome:
        """How the order ended that was given last."""
        struck: list[str] = []
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            if not self._pipe.poll(max(0.0, deadline - time.monotonic())):
                self.kill()
                raise WorkerStuck(f"a worker has not answered for {ANSWER_SECONDS} s; its log is {self.setup.log}")
            try:
                what, value = self._pipe.recv()
            except (EOFError, OSError):
                self.kill()
                return Outcome("killed", struck, [])
            if what == "struck":
                struck.append(value)
            elif what == "session":
                self._sessions = [*self._sessions[-20:], value]
            elif what == "broken":
                raise WorkerStuck(f"{value}; the worker's log is {self.setup.log}")
            else:
                ended: Ended = value
                return Outcome(ended.state, struck, ended.failed)

    def run(self, order: Order) -> Outcome:
        self.give(order)
        return self.answer()

    def kill(self) -> None:
        """End the process at once, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None
            self._end_sessions()

    def _end_sessions(self) -> None:
        """What the warehouse does when it finds a client gone; the stand-in would wait half a minute first."""
        trusted = self.setup.environment["REQUESTS_CA_BUNDLE"]
        for token in self._sessions:
            requests.post(
                f"{self.setup.warehouse}/session",
                params={"delete": "true"},
                headers={"Authorization": f'Snowflake Token="{token}"'},
                timeout=ANSWER_SECONDS,
                verify=trusted,
            )
        self._sessions = []

    def _start(self, body: Callable[[Setup, Connection], None] = work) -> None:
        self._pipe, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=body, args=(self.setup, theirs), daemon=True)
        self._process.start()
        theirs.close()


def make_template(setup: Setup) -> Path:
    """An empty Airflow database that knows the DAGs, to be copied for each worker. It is made once for all seeds."""
    kept = setup.state.parent / "metadata.db"
    if kept not in _templates:
        maker = Worker(replace(setup, without=None))
        setup.metadata.unlink(missing_ok=True)
        maker._start(make_metadata)
        outcome = maker.answer()
        maker.kill()
        if outcome.state != "success":
            raise WorkerStuck(f"Airflow's database could not be made; see {setup.log}")
        shutil.copy(setup.metadata, kept)
        _templates.add(kept)
    return kept
