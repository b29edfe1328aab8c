"""A real Airflow beside the local stack: its four components as child processes, started and stopped together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg
import requests

from local import metadata_template
from local.airflow_environment import MARKER, AirflowEnvironment

# The slowest to start comes first.
COMPONENTS = (
    ("api-server",),
    ("scheduler", "--skip-serve-logs"),  # the API server reads task logs from the same disk
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)
DEFAULT_PORT = 8080
STOP_SECONDS = 4.0  # a task that is running when Airflow stops is cut off after this and starts again next time

Progress = Callable[[str], None]


class AirflowError(Exception):
    """Airflow did not start, or one of its components ended. The message says where to look."""


def airflow_port() -> int:
    """The port of UI and API: AIRFLOW_PORT, else 8080; 0 picks a free one.

    Raises:
        AirflowError: the port is taken, or AIRFLOW_PORT is no port.
    """
    text = os.environ.get("AIRFLOW_PORT", str(DEFAULT_PORT))
    if not text.isdigit() or int(text) > 65535:
        raise AirflowError(f"AIRFLOW_PORT must be a port number or 0 for a free port, not {text!r}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise AirflowError(
                f"port {text} (Airflow) is in use by another program; `make demo PORT=9090` takes another one, "
                "or set AIRFLOW_PORT (0 = any free one)"
            ) from error
        return probe.getsockname()[1]


class AirflowRuntime:
    """The processes of one Airflow, one set a state directory."""

    def __init__(self, environment: AirflowEnvironment, logs: Path) -> None:
        self.environment = environment
        self.logs = logs
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._variables: dict[str, str] = {}

    def start(self, progress: Progress = print, timeout: float = 600) -> None:
        """Start all components and return when each reports itself healthy.

        What an earlier run left behind (also after kill -9) is stopped first, and its tasks are handed back.

        Raises:
            AirflowError: a component ended or was not healthy within `timeout` seconds.
        """
        leftovers = stop_processes(self.environment.home)
        if leftovers:
            progress(f"stopped {leftovers} Airflow processes left over by an earlier run")
        self.logs.mkdir(parents=True, exist_ok=True)
        self._variables = self.environment.variables()
        self.environment.write_exports()
        self._migrate(progress)
        self._hand_back_tasks()
        for arguments in COMPONENTS:
            self._processes[arguments[0]] = self._spawn(arguments[0], arguments)
        pids = {name: process.pid for name, process in self._processes.items()}
        runtime_file(self.environment.home).write_text(json.dumps({"url": self.environment.url, "pids": pids}))
        self._wait_until_healthy(timeout)

    def check(self) -> None:
        """Raise AirflowError, with the end of its log, if a component has ended."""
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                log = self._log(name)
                raise AirflowError(f"Airflow's {name} ended with code {code}; {log} ends with:\n{_tail(log, 25)}")

    def stop(self) -> None:
        """Stop every component. A task that does not end in time is cut off; the next start runs it again."""
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        stop_processes(self.environment.home, patience=0)
        self._processes.clear()
        runtime_file(self.environment.home).unlink(missing_ok=True)

    def _migrate(self, progress: Progress) -> None:
        """Bring the metadata database to this Airflow's schema, once a version and database."""
        stamp = self.environment.home / "schema-version"
        installed = version("apache-airflow-core")
        with self._database() as connection, connection.cursor() as cursor:
            cursor.execute("select 1 where to_regclass('public.alembic_version') is not null")
            has_schema = cursor.fetchone() is not None
        if has_schema and stamp.exists() and stamp.read_text() == installed:
            return
        if not has_schema and self._restored():
            stamp.write_text(installed)
            return
        progress("preparing Airflow's metadata database")
        process = self._spawn("migrate", ("db", "migrate"))
        if process.wait(timeout=600) != 0:
            raise AirflowError(f"the metadata database could not be prepared:\n{_tail(self._log('migrate'), 25)}")
        stamp.write_text(installed)
        if not has_schema:
            metadata_template.keep(self.environment.database_url.replace("+psycopg2", ""))

    def _restored(self) -> bool:
        """Whether the empty database now holds what an earlier migration of this Airflow made."""
        with self._database() as connection:
            return metadata_template.restore(connection)

    def _hand_back_tasks(self) -> None:
        """End the jobs of processes that are gone, so that the scheduler takes their tasks over at once.

        Airflow itself would wait for their heartbeats to grow old.
        """
        with self._database() as connection, connection.cursor() as cursor:
            cursor.execute("update job set state = 'failed', end_date = now() where state = 'running'")

    def _database(self) -> psycopg.Connection:
        return psycopg.connect(self.environment.database_url.replace("+psycopg2", ""))

    def _spawn(self, name: str, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Start `airflow <arguments>` in a session of its own: Ctrl-C reaches the demo, which stops things in order."""
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=self._variables,
                cwd=self.environment.repository,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_healthy(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._is_healthy():
            self.check()
            if time.monotonic() > deadline:
                raise AirflowError(f"Airflow was not up after {timeout:.0f} s; see its logs in {self.logs}")
            time.sleep(0.3)

    def _is_healthy(self) -> bool:
        """Whether every component is healthy and tasks will be answered.

        The first question to the API of the tasks takes it 8 s of preparation, which no task should wait for.
        """
        url = self.environment.url
        try:
            tasks = requests.get(f"{url}/execution/health", timeout=60)
            health = requests.get(f"{url}/api/v2/monitor/health", timeout=60).json()
        except (requests.RequestException, ValueError):
            return False
        return tasks.ok and all((answer or {}).get("status") == "healthy" for answer in health.values())

    def _log(self, name: str) -> Path:
        return self.logs / f"airflow-{name}.log"


def runtime_file(home: Path) -> Path:
    """The file that says which Airflow is running: its address and process ids."""
    return home / "runtime.json"


def stop_processes(home: Path, patience: float = 5.0) -> int:
    """Stop every process of the Airflow in `home`, however it was started; return how many there were."""
    found = list(_processes_of(home))
    for process in found:
        _signal(process, signal.SIGTERM if patience else signal.SIGKILL)
    _, alive = psutil.wait_procs(found, timeout=patience or 5.0)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5.0)
    return len(found)


def _processes_of(home: Path) -> list[psutil.Process]:
    marked = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARKER) == str(home):
                marked.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # somebody else's, or gone already
    return marked


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _tail(file: Path, lines: int) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else "(no log)"
