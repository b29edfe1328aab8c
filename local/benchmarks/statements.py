"""Count what this process sends to the warehouse, whoever in it sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from snowflake.connector.cursor import SnowflakeCursor

_SESSION = ("rollback", "commit", "begin", "alter session")  # cost no work of the warehouse


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements sent meanwhile, but for those that only set up a session or end its transaction."""
    sent: list[str] = []
    original = SnowflakeCursor.execute

    def counted(cursor: SnowflakeCursor, command: str, *arguments: Any, **options: Any) -> Any:
        if not command.lower().startswith(_SESSION):
            sent.append(command)
        return original(cursor, command, *arguments, **options)

    SnowflakeCursor.execute = counted  # type: ignore[method-assign, assignment]
    try:
        yield sent
    finally:
        SnowflakeCursor.execute = original  # type: ignore[method-assign]
