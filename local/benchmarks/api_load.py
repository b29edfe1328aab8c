"""Clients of the API in a process of their own: each asks again as soon as it is answered, on a connection kept open.

Written on asyncio's streams' lower half, so that what is measured is the server and not the client.
"""

import asyncio
import time
from functools import partial
from typing import Any

import uvloop

from local.benchmarks.measured import measure


class Asker(asyncio.Protocol):
    """One client: sends its requests in turn and notes the seconds and the status of each answer.

    It stops after `count` requests, or at the deadline.
    """

    def __init__(self, requests: list[bytes], count: float, deadline: float, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._count = count
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
        if self._next >= self._count or time.monotonic() >= self._deadline:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def load(task: dict[str, Any]) -> dict[str, Any]:
    """Let the clients ask: each its own questions in turn, for so many seconds, or so many requests.

    A client is a key and what it asks: targets, each with the ETag of the answer that it has already, or null.
    """
    return uvloop.run(_load(task))


async def _load(task: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    forever = float("inf")
    count, deadline = task.get("count") or forever, time.monotonic() + (task.get("seconds") or forever)
    askers, ends = [], []
    began = time.perf_counter()
    for client in task["clients"]:
        end = loop.create_future()
        requests = [_request(target, etag, client["key"]) for target, etag in client["asked"]]
        asker = Asker(requests, count, deadline, end)
        askers.append(asker)
        ends.append(end)
        await loop.create_connection(partial(_itself, asker), "127.0.0.1", task["port"])
    await asyncio.gather(*ends)
    took = time.perf_counter() - began
    seconds = sorted(second for asker in askers for second in asker.seconds)
    statuses: dict[str, int] = {}
    for asker in askers:
        for status, count in asker.statuses.items():
            statuses[str(status)] = statuses.get(str(status), 0) + count
    at = {f"p{share}": seconds[min(len(seconds) - 1, len(seconds) * share // 100)] * 1000 for share in (50, 95, 99)}
    return {"requests": len(seconds), "per_second": len(seconds) / took, "statuses": statuses, **at}


def _request(target: str, etag: str | None, key: str) -> bytes:
    """A request as it goes over the wire."""
    unchanged = f"If-None-Match: {etag}\r\n" if etag else ""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{unchanged}\r\n".encode()


def _itself(asker: Asker) -> Asker:
    return asker


if __name__ == "__main__":
    measure(load)
