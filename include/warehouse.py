"""The warehouse: one connection, transactions, and the SQL files of include/sql rendered and run."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from include.config import SQL_DIR, WAREHOUSE

if TYPE_CHECKING:
    from jinja2 import Environment
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

logging.getLogger("snowflake.connector").setLevel(logging.WARNING)

LOGIN_TIMEOUT_SECONDS = 60
SOCKET_TIMEOUT_SECONDS = 60  # without an answer; a long statement answers "in progress" before
STATEMENT_TIMEOUT_SECONDS = 3600
LOCK_TIMEOUT_SECONDS = 1800


class SessionLost(Exception):
    """The warehouse's session ended inside a transaction."""


class Warehouse:
    """A session of the warehouse. Every statement commits on its own, unless it runs inside `transaction()`."""

    def __init__(self, connection: "SnowflakeConnection") -> None:
        self._connection = connection

    @property
    def connection(self) -> "SnowflakeConnection":
        """The session itself, for a library that writes its own statements."""
        return self._connection

    def run(self, file: str, values: Mapping[str, Any] | None = None, **names: Any) -> "SnowflakeCursor":
        """Run one statement of include/sql: `names` are rendered into it as identifiers, `values` are bound."""
        return self.execute(render(file, **names), values)

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> "SnowflakeCursor":
        """Run one statement with bound values (`%(name)s`) and return its cursor."""
        cursor = self._connection.cursor()
        cursor.execute(statement, dict(values) if values else None)
        return cursor

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows with bound values, in one statement."""
        if not rows:
            return
        place = ", ".join(["%s"] * len(columns))
        statement = f"insert into {table} ({', '.join(columns)}) values ({place})"
        self._connection.cursor().executemany(statement, rows)

    def rows(self, file: str, values: Mapping[str, Any] | None = None, **names: Any) -> list[tuple]:
        """Rows of a query of include/sql."""
        return self.run(file, values, **names).fetchall()

    @contextmanager
    def transaction(self) -> Iterator["Warehouse"]:
        """All statements inside take effect together, or none does.

        Raises:
            SessionLost: the session ended inside; the warehouse rolls back by itself what was not committed.
        """
        from snowflake.connector.errors import Error

        self.execute("begin")
        try:
            yield self
        except BaseException as error:
            try:
                self.execute("rollback")
            except Error as gone:
                raise SessionLost(
                    f"the warehouse's session ended inside a transaction ({gone.msg or gone}): the warehouse rolls it "
                    "back, nothing of it is visible. Airflow tries again; when it has given up, clear this task"
                ) from error
            raise
        try:
            self.execute("commit")
        except Error as error:
            raise SessionLost(
                f"the warehouse did not confirm a commit ({error.msg or error}): all of the transaction is there or "
                "nothing. Airflow tries again; when it has given up, clear this task: what is there is not repeated"
            ) from error

    def close(self) -> None:
        self._connection.close()


@contextmanager
def open_warehouse(job: str) -> Iterator[Warehouse]:
    """A session through the Airflow connection `warehouse`; times are UTC, every query carries `query_tag(job)`."""
    import snowflake.connector

    warehouse = Warehouse(snowflake.connector.connect(**connect_args(job)))
    try:
        yield warehouse
    finally:
        warehouse.close()


def query_tag(job: str) -> str:
    """Whom a session's credits are charged to, as JSON: dag, task and run where a task runs, else the job's name."""
    from airflow.sdk import get_current_context

    try:
        instance = get_current_context()["ti"]
    except RuntimeError:
        return json.dumps({"job": job})
    return json.dumps({"dag": instance.dag_id, "task": instance.task_id, "run": instance.run_id})


def connect_args(
    job: str = "warehouse",
    conn_id: str = WAREHOUSE,
    login_timeout: int = LOGIN_TIMEOUT_SECONDS,
    statement_timeout: int = STATEMENT_TIMEOUT_SECONDS,
) -> dict[str, Any]:
    """Arguments of snowflake.connector.connect, as an Airflow connection gives them; timeouts in seconds."""
    from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook

    parameters = {
        "QUERY_TAG": query_tag(job),
        "TIMEZONE": "UTC",
        "STATEMENT_TIMEOUT_IN_SECONDS": statement_timeout,
        "LOCK_TIMEOUT": LOCK_TIMEOUT_SECONDS,
    }
    hook = SnowflakeHook(snowflake_conn_id=conn_id, session_parameters=parameters)
    timeouts = {
        "login_timeout": login_timeout,
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "network_timeout": statement_timeout,  # broken connections are tried again so long, with jitter
        # Else each session asks the metadata services of three clouds, and AWS who it is, only to report it.
        "platform_detection_timeout_seconds": 0.0,
    }
    return {key: value for key, value in hook._get_conn_params().items() if value not in (None, "")} | timeouts


def render(file: str, **names: Any) -> str:
    """Text of a file of include/sql with its names filled in; a name that is missing raises UndefinedError."""
    return _templates().get_template(file).render(**names).strip().rstrip(";")


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(SQL_DIR), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
