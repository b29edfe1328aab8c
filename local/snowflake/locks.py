"""Table locks: Snowflake lets one transaction at a time update, delete from or merge into a table."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from snowflake.connector.errors import ProgrammingError

WAIT_SECONDS = 300.0
ASK_EVERY = 1.0


@dataclass
class TableLocks:
    """Locks by full table name, held by a session until its transaction ends.

    `give_up` is asked about a holder that keeps others waiting: True when it has been made to let go.
    """

    give_up: Callable[[str], bool] = lambda holder: False
    wait_seconds: float = WAIT_SECONDS
    _held: dict[str, str] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def acquire(self, session: str, table: str) -> None:
        """Wait for `table`.

        Raises:
            ProgrammingError: number 625, when another session has held it for too long.
        """
        deadline = time.monotonic() + self.wait_seconds
        with self._changed:
            while self._held.get(table, session) != session:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise ProgrammingError(
                        msg=f"Statement aborted: it waited {self.wait_seconds:.0f} s for the lock on table {table}, "
                        "which another transaction holds.",
                        errno=625,
                        sqlstate="57014",
                    )
                if not self.give_up(self._held[table]):
                    self._changed.wait(min(remaining, ASK_EVERY))
            self._held[table] = session

    def release(self, session: str) -> None:
        """Give up everything the session holds."""
        with self._changed:
            for table in [table for table, holder in self._held.items() if holder == session]:
                del self._held[table]
            self._changed.notify_all()
