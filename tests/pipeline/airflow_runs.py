"""Airflows of tests' own, whose runs are forks of a process that has imported Airflow.

To import Airflow, and to make the API by which its tasks speak to it, takes ten seconds of CPU: each Airflow does it
once. Each run is a new process with its own environment. The project's modules are not imported before the fork, as
they read the environment at import.
"""

import atexit
import gc
import importlib
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

REPOSITORY = Path(__file__).parents[2]
TIMEOUT_SECONDS = 300
LIBRARIES = (
    "adbc_driver_postgresql.dbapi",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.api_fastapi.execution_api.versions",
    "airflow.dag_processing.dagbag",
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.slack.hooks.slack_webhook",
    "airflow.providers.smtp.hooks.smtp",
    "airflow.providers.snowflake.hooks.snowflake",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "anyio._backends._asyncio",
    "boto3.s3.inject",
    "pandas",
    "pyarrow.csv",
    "pyarrow.parquet",
    "snowflake.connector",
    "snowflake.sqlalchemy",
)


def migrated(home: Path) -> Path:
    """An empty metadata database, made by Airflow below `home`, to be copied."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    ended = subprocess.run(
        command, env=_environment(home), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    return home / "airflow.db"


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(REPOSITORY),
    }


class OwnAirflow:
    """An Airflow with a home, a metadata database and DAGs of its own, in the environment of now.

    To be used as a context manager, which ends its processes.
    """

    def __init__(self, home: Path, metadata: Path) -> None:
        """`metadata` is an empty database, of which a copy is taken."""
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        # By SQLite, as a part of it may still stand in the write-ahead log.
        with closing(sqlite3.connect(metadata)) as made, closing(sqlite3.connect(home / "airflow.db")) as copy:
            made.backup(copy)
        self._environment = _environment(home)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def python(self, code: str, *arguments: str, **variables: str) -> str:
        """What code prints that runs in a new process; it must succeed.

        `variables` are added to the environment for DAGs and the project's modules; Airflow has read its own before.
        """
        with tempfile.TemporaryDirectory() as folder:
            printed, errors = Path(folder, "stdout"), Path(folder, "stderr")
            order = {
                "code": code,
                "arguments": arguments,
                "environment": self._environment | variables,
                "outputs": [str(printed), str(errors)],
            }
            for output in (printed, errors):
                output.touch()
            ended = self._follow(order, errors)
            assert ended == "0", f"exit code {ended}: {printed.read_text()[-4000:]}{errors.read_text()[-4000:]}"
            return printed.read_text()

    def _follow(self, order: dict[str, Any], errors: Path) -> str:
        """The exit code of the process that follows an order; otherwise what became of it."""
        server = self._server = self._server or self._started(errors)
        assert server.stdin and server.stdout
        with suppress(BrokenPipeError):  # it has died: there is no answer then
            server.stdin.write(json.dumps(order).encode() + b"\n")
        answered, _, _ = select.select([server.stdout], [], [], TIMEOUT_SECONDS)
        answer = server.stdout.readline().decode().strip() if answered else ""
        if not answer:
            self._kill()
        return answer or ("none: the server died" if answered else f"none after {TIMEOUT_SECONDS} s")

    def _started(self, errors: Path) -> subprocess.Popen[bytes]:
        """A server; what it says before its first fork stands with what the first order's process says."""
        with errors.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", __name__],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,  # a group, which can be killed with its forks
            )

    def _kill(self) -> None:
        if self._server:
            with self._server:
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server = None


def serve() -> None:
    """Answer each order, a line of the input, with the exit code of a fork that follows it."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for library in LIBRARIES:
        importlib.import_module(library)
    _make_execution_api()
    gc.freeze()  # else each fork would copy all memory when it collects garbage
    for line in sys.stdin:
        sys.stdout.flush()
        if not (child := os.fork()):
            answers.close()
            _leave(_exit_code(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def _make_execution_api() -> None:
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    with suppress(AttributeError):  # only sooner, never needed
        in_process_api_server().app._cadwyn_initialize()


def _exit_code(order: dict[str, Any]) -> int:
    try:
        follow(**order)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """End as the interpreter does, but for taking all modules apart, which takes longer than some orders."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def follow(code: str, arguments: list[str], environment: dict[str, str], outputs: list[str]) -> None:
    """Run code as a new process would."""
    for number, path in enumerate((os.devnull, *outputs)):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *arguments]
    exec(compile(code, "<order>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    serve()
