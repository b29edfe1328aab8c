"""An address that answers nobody until it is told to: a source that hangs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class HeldBack:
    """Takes connections on `port` of 127.0.0.1, and carries them to the real address once it is let go."""

    port: int
    _let_go: threading.Event

    def let_go(self) -> None:
        """Carry what waits, and whatever comes from now on."""
        self._let_go.set()


@contextmanager
def held_back(host: str, port: int) -> Iterator[HeldBack]:
    """Hold back the connections to an address."""
    let_go = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, (host, port), let_go), daemon=True).start()
        try:
            yield HeldBack(server.getsockname()[1], let_go)
        finally:
            let_go.set()


def _accept(server: socket.socket, real: tuple[str, int], let_go: threading.Event) -> None:
    with suppress(OSError):  # the server was closed
        while True:
            client, _ = server.accept()
            threading.Thread(target=_carry, args=(client, real, let_go), daemon=True).start()


def _carry(client: socket.socket, real: tuple[str, int], let_go: threading.Event) -> None:
    let_go.wait()
    with suppress(OSError), client, socket.create_connection(real) as service:
        back = threading.Thread(target=_copy, args=(service, client), daemon=True)
        back.start()
        _copy(client, service)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
