"""Sessions of the warehouse, pooled, for a role that may only read."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from include.warehouse import connect_args, render
from plugins.analytics.metrics import Metrics
from plugins.analytics.problem import Problem, unavailable
from plugins.analytics.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.pool import PoolProxiedConnection

log = logging.getLogger("analytics.warehouse")

Values = Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None
"""Values of a query, or what makes them once a session is free for it."""

SESSION_SECONDS = 3000  # Snowflake's tokens live an hour
SESSION_ENDED = "390"
OBJECT_MISSING = 2003
STATEMENT_ENDED = (604, 630)  # cancelled, or longer than the statement timeout


class WarehouseSessions:
    """Runs the files of include/sql on pooled sessions of one Airflow connection, `size` of them at most."""

    def __init__(self, conn_id: str, settings: Settings, metrics: Metrics, size: int) -> None:
        from sqlalchemy.pool import QueuePool

        self._conn_id = conn_id
        self._settings = settings
        self._metrics = metrics
        # reset_on_return: a rollback would be a statement of its own, and nothing is ever written here.
        self._pool = QueuePool(
            self._connect,
            pool_size=size,
            max_overflow=0,
            timeout=settings.pool_wait_seconds,
            recycle=SESSION_SECONDS,
            reset_on_return=None,
        )

    def rows(self, operation: str, file: str, values: Values = None, **names: str) -> list[dict]:
        """Rows of a query, by lower-case column names.

        Raises:
            Problem: 503, the warehouse is away, busy or too slow, or what is asked for is not built yet.
        """
        statement = render(file, **names)
        began = time.perf_counter()
        outcome = "failed"
        try:
            found = self._twice(operation, statement, values)
            outcome = "done"
            return found
        finally:
            self._metrics.asked_warehouse(operation, outcome, time.perf_counter() - began)

    def close(self) -> None:
        """Close the sessions that are not in use."""
        self._pool.dispose()

    def _twice(self, operation: str, statement: str, values: Values) -> list[dict]:
        """The rows; a kept session that has ended meanwhile is replaced by a new one, once."""
        from snowflake.connector import errors

        for attempt in (1, 2):
            session = self._session()
            try:
                return _run(session, operation, statement, values() if callable(values) else values)
            except errors.ProgrammingError as error:
                if str(error.errno).startswith(SESSION_ENDED) and attempt == 1:
                    session.invalidate()
                    continue
                if error.errno == OBJECT_MISSING:
                    raise self._unavailable("not-built", "the marts are not built yet") from error
                if error.errno in STATEMENT_ENDED:
                    raise self._unavailable("warehouse-slow", "the warehouse took too long") from error
                raise
            except errors.Error as error:
                session.invalidate()
                if attempt == 2:
                    log.warning("The warehouse could not answer: %s", type(error).__name__)
                    raise self._unavailable("warehouse-away", "the warehouse cannot be reached") from error
            finally:
                session.close()
        raise AssertionError("not reached")

    def _session(self) -> "PoolProxiedConnection":
        from snowflake.connector import errors
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        try:
            return self._pool.connect()
        except PoolTimeout as error:
            raise self._unavailable("warehouse-busy", "too many questions at once") from error
        except errors.Error as error:
            log.warning("The warehouse could not be signed in to: %s", type(error).__name__)
            raise self._unavailable("warehouse-away", "the warehouse cannot be reached") from error

    def _connect(self) -> Any:
        import snowflake.connector

        arguments = connect_args(
            "api",
            self._conn_id,
            self._settings.login_seconds,
            self._settings.statement_seconds,
        )
        return snowflake.connector.connect(**arguments)

    def _unavailable(self, kind: str, detail: str) -> Problem:
        return unavailable(kind, detail, self._settings.retry_seconds)


def _run(
    session: "PoolProxiedConnection", operation: str, statement: str, values: Mapping[str, Any] | None
) -> list[dict]:
    cursor: Any = session.cursor()
    try:
        tag = {"QUERY_TAG": json.dumps({"api": operation})}
        cursor.execute(statement, dict(values) if values else None, _statement_params=tag)
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        cursor.close()
