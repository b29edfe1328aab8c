"""What this process sends to the warehouse, whoever in it sends: sessions that sign in, and statements, all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from snowflake.connector import SnowflakeConnection


@dataclass
class Traffic:
    """Requests to the warehouse. `statements` are the texts, with those that only set up a session."""

    sessions: int = 0
    statements: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.sessions} sessions\n---\n" + "\n---\n".join(self.statements)


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Count what is sent meanwhile."""
    seen = Traffic()
    connect, query = SnowflakeConnection.connect, SnowflakeConnection.cmd_query

    def connecting(session: SnowflakeConnection, *arguments: Any, **options: Any) -> Any:
        seen.sessions += 1
        return connect(session, *arguments, **options)

    def asking(session: SnowflakeConnection, sql: str, *arguments: Any, **options: Any) -> Any:
        seen.statements.append(sql)
        return query(session, sql, *arguments, **options)

    SnowflakeConnection.connect = connecting  # type: ignore[method-assign]
    SnowflakeConnection.cmd_query = asking  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        SnowflakeConnection.connect = connect  # type: ignore[method-assign]
        SnowflakeConnection.cmd_query = query  # type: ignore[method-assign]
