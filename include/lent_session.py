"""Lend a session of the warehouse to SQLAlchemy engines, which would open sessions of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from snowflake.sqlalchemy.snowdialect import SnowflakeDialect
from sqlalchemy import event

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from include.warehouse import Warehouse

CONNECT_ARGS = {"lent_session": True}  # an engine made with these takes what is lent when it connects

_lent = threading.local()


class _LentSession:
    """A session as an engine's pool holds it: the lender alone ends its transactions, and itself."""

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        return _session().cursor(*arguments, **options)

    def autocommit(self, mode: bool) -> None:
        """It stays as the lender opened it; an engine would switch it off, and what the lender writes would be lost."""

    def commit(self) -> None:
        """Every statement has committed on its own."""

    def rollback(self) -> None:
        """Every statement has committed on its own."""

    def close(self) -> None:
        """The lender closes it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_session(), name)


@contextmanager
def lend(warehouse: "Warehouse") -> Iterator[None]:
    """Within, engines of this thread that were made with CONNECT_ARGS run their statements in this session."""
    before = getattr(_lent, "session", None)
    _lent.session = warehouse.connection
    try:
        yield
    finally:
        _lent.session = before


def _session() -> "SnowflakeConnection":
    session = getattr(_lent, "session", None)
    if session is None:
        raise RuntimeError("no session of the warehouse is lent")
    return session


@event.listens_for(SnowflakeDialect, "do_connect")
def _take_what_is_lent(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> _LentSession | None:
    if not options.pop("lent_session", False):
        return None
    # An engine asks its first session for these, in a statement each; the version it has no use for.
    dialect._get_server_version_info = lambda _: None
    dialect._get_default_schema_name = lambda _: dialect.normalize_name(_session().schema)
    return _LentSession()
