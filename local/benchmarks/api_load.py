"""Clients of the API in a process of their own: each asks again as soon as it is answered, on a connection kept open.

Written on asyncio's streams' lower half, so that what is measured is the server and not the client.
"""

import asyncio
import time
from typing import Any

import uvloop

from local.benchmarks.measured import measure


class Asker(asyncio.Protocol):
    """One client: sends its requests in turn and notes the seconds and the status of each answer."""

    def __init__(self, requests: list[bytes], deadline: float, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._deadline = deadline
        self._done = done
        self._next = 0
        self._buffer = b""
        self._sent_at = 0.0
        self.seconds: list[float] = []
        self.statuses: dict[int, int] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        marker = head.lower().find(b"content-length:")
        length = int(head[marker + 15 :].split(b"\r\n", 1)[0]) if marker >= 0 else 0
        if len(body) < length:
            return
        self.seconds.append(time.perf_counter() - self._sent_at)
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._buffer = b""
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the API closed a connection"))

    def _ask(self) -> None:
        if time.monotonic() >= self._deadline or (self._deadline == float("inf") and self._next == len(self._requests)):
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def load(task: dict[str, Any]) -> dict[str, Any]:
    """Let the clients ask; each has its own list of requests.

    `seconds` 0 means that each asks its list once.
    """
    return uvloop.run(_load(task))


async def _load(task: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    deadline = time.monotonic() + task["seconds"] if task["seconds"] else float("inf")
    askers, ends = [], []
    began = time.perf_counter()
    for requests in task["clients"]:
        end = loop.create_future()
        asker = Asker([request.encode() for request in requests], deadline, end)
        askers.append(asker)
        ends.append(end)
        await loop.create_connection(lambda asker=asker: asker, "127.0.0.1", task["port"])
    await asyncio.gather(*ends)
    took = time.perf_counter() - began
    seconds = sorted(second for asker in askers for second in asker.seconds)
    statuses: dict[str, int] = {}
    for asker in askers:
        for status, count in asker.statuses.items():
            statuses[str(status)] = statuses.get(str(status), 0) + count
    at = {f"p{share}": seconds[min(len(seconds) - 1, len(seconds) * share // 100)] * 1000 for share in (50, 95, 99)}
    return {"requests": len(seconds), "per_second": len(seconds) / took, "statuses": statuses, **at}


if __name__ == "__main__":
    measure(load)
