"""A listener in the place of a StatsD exporter."""

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Arrived:
    """What came in: kinds (c counter, g gauge, ms timer) and sets of tags, by name."""

    port: int
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tags: dict[str, set[frozenset[str]]] = field(default_factory=lambda: defaultdict(set))

    def take(self, line: str) -> None:
        """Note a line like `airflow.ti.finish,dag_id=a,state=success:1|c`."""
        head, _, kind = line.partition("|")
        name, *tags = head.rpartition(":")[0].split(",")
        self.kinds[name].add(kind.split("|")[0])
        self.tags[name].add(frozenset(tags))


@contextmanager
def listening() -> Iterator[Arrived]:
    """Listen on a free port until the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        arrived = Arrived(server.getsockname()[1])
        threading.Thread(target=_listen, args=(server, arrived), daemon=True).start()
        yield arrived


def _listen(server: socket.socket, arrived: Arrived) -> None:
    with suppress(OSError):  # the socket was closed
        while True:
            for line in server.recv(65_536).decode().splitlines():
                arrived.take(line)
