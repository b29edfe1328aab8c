"""The log of who asked what: a JSON line a request in the logger `analytics.audit`, written behind the answers.

Not a table of the warehouse: the API's role may only read. A line holds the id of the key or the name of the Airflow
user, the route, the status and the number of rows, never a value that was read; the customer's key only where personal
data was served, and the client's address only where nobody is signed in.
"""

import atexit
import logging
import threading
from collections import deque
from datetime import datetime
from typing import TextIO

import msgspec

log = logging.getLogger("analytics.audit")

IDLE_SECONDS = 0.25
BUSY_SECONDS = 0.02  # little at a time: while lines are written, answers wait
MAX_WAITING = 100_000  # requests; beyond, the oldest lines are lost, and their number is told


def write_to(stream: TextIO) -> None:
    """Write the lines as they are to a stream, whatever else is done with other logs."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)


class AuditLine(msgspec.Struct, omit_defaults=True):
    """What the log says of a request. `time` is when it was answered, in UTC."""

    time: datetime
    request: str
    who: str | None
    method: str
    route: str
    status: int
    rows: int
    milliseconds: float
    personal_data_of: str | None = None
    peer: str | None = None


class AuditLog:
    """Lines wait in memory until a thread writes them, some at a time.

    That thread holds the interpreter's lock while it makes JSON of them, and answers wait: hence msgspec, an eighth of
    the time that json takes.
    """

    def __init__(self) -> None:
        self._waiting: deque[AuditLine] = deque()
        self._lost = 0
        self._encoder = msgspec.json.Encoder()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._writing = threading.Lock()

    def record(self, line: AuditLine) -> None:
        """Remember a request."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_on, name="audit", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def close(self) -> None:
        """Write what waits."""
        self._stopped.set()
        self._write()

    def _write_on(self) -> None:
        wait = IDLE_SECONDS
        while not self._stopped.wait(wait):
            wait = BUSY_SECONDS if self._write() else IDLE_SECONDS

    def _write(self) -> bool:
        """Write what waits; whether there was any."""
        with self._writing:
            lines = [self._encoder.encode(self._waiting.popleft()) for _ in range(len(self._waiting))]
            if self._lost:
                lines.append(self._encoder.encode({"lost": self._lost}))
                self._lost = 0
            if lines:
                log.info(b"\n".join(lines).decode())
            return bool(lines)
