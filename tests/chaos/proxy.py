"""A proxy before the hosted sources that answers as they do on a bad day."""

import asyncio
import json
import random
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import uvicorn

UPSTREAM_SECONDS = 60
START_SECONDS = 20
HANG_SECONDS = 6.0  # longer than the time-out that the worker is given
DROPPED = {"content-length", "transfer-encoding", "connection", "content-encoding", "etag"}
PATHS = {"catalog": "/catalog/", "crm": "/results", "web_events": "/bigquery/"}

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass
class Trouble:
    """What the next `times` answers of a source are like; `told` is called at the first."""

    source: str
    how: str
    times: int = 1
    told: Callable[[], None] = lambda: None


@dataclass
class Answer:
    """An answer on its way to the client; `sent` is how much of the body leaves before the connection breaks."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    sent: int | None = None


@dataclass
class Proxy:
    """Forwards to `upstream` over TLS; run it as a context manager. `troubles` are taken in order, by source."""

    upstream: str
    state: Path
    ca_file: Path
    troubles: list[Trouble] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._guard = threading.Lock()
        self._local = threading.local()

    def __enter__(self) -> "Proxy":
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        tls = self.state / "tls"
        settings = uvicorn.Config(
            self._serve,
            ssl_certfile=str(tls / "server.pem"),
            ssl_keyfile=str(tls / "server.key"),
            log_level="critical",
            interface="asgi3",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)

    def add(self, trouble: Trouble) -> None:
        with self._guard:
            self.troubles.append(trouble)

    def lift(self, source: str | None = None) -> None:
        """The trouble of a source, or of all, is over."""
        with self._guard:
            self.troubles = [each for each in self.troubles if source not in (None, each.source)]

    def _take(self, path: str) -> Trouble | None:
        with self._guard:
            for trouble in self.troubles:
                if PATHS[trouble.source] in path:
                    trouble.times -= 1
                    if trouble.times <= 0:
                        self.troubles.remove(trouble)
                    trouble.told()
                    return trouble
        return None

    async def _serve(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        trouble = self._take(scope["path"])
        if trouble and trouble.how == "hang":
            await asyncio.sleep(HANG_SECONDS)
        answer = refused(trouble.how) if trouble else None
        if answer is None:
            answer = await asyncio.to_thread(self._forward, scope, body, trouble is not None)
            if trouble:
                answer = spoiled(answer, trouble.how)
        length = (b"content-length", str(len(answer.body)).encode())
        start = {"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]}
        with suppress(Exception):  # a client that has gone
            await send(start)
            if answer.sent is not None:
                # Ending short of the length that was promised, uvicorn breaks the connection.
                await send({"type": "http.response.body", "body": answer.body[: answer.sent], "more_body": True})
                raise ConnectionError("the source broke off")
            await send({"type": "http.response.body", "body": answer.body})
        if answer.sent is not None:
            raise ConnectionError("the source broke off")

    def _forward(self, scope: Scope, body: bytes, changes: bool) -> Answer:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        query = scope["query_string"].decode()
        address = (
            f"{self.upstream}{scope.get('raw_path', scope['path'].encode()).decode()}{'?' + query if query else ''}"
        )
        left_out = {"host", "content-length", "accept-encoding", "connection"}
        if changes:  # a page that has another column is not the one that the client kept
            left_out.add("if-none-match")
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if name.decode() not in left_out}
        got = self._local.session.request(
            scope["method"],
            address,
            data=body,
            headers=headers | {"accept-encoding": "identity"},
            verify=str(self.ca_file),
            timeout=UPSTREAM_SECONDS,
            allow_redirects=False,
        )
        kept = [(name.lower().encode(), value.encode()) for name, value in got.headers.items()]
        tag = {"etag"} if got.status_code in (200, 304) else set()
        return Answer(got.status_code, [pair for pair in kept if pair[0].decode() not in DROPPED - tag], got.content)


def refused(how: str) -> Answer | None:
    """An answer that the source gives without looking: an error, too many requests, or nonsense."""
    if how.isdigit():
        headers = [(b"content-type", b"application/json")] + [(b"retry-after", b"1")] * (how == "429")
        return Answer(int(how), headers, b'{"error": {"code": 503, "message": "Try again later."}}')
    if how == "garbage":
        return Answer(200, [(b"content-type", b"text/html")], b"<html><body>We will be back soon</body></html>")
    return None


def spoiled(answer: Answer, how: str) -> Answer:
    """A true answer, cut in half, with rows twice, with rows in another order, or with a column of another type."""
    if answer.status != 200:
        return answer
    if how == "half a page":
        return Answer(answer.status, answer.headers, answer.body, sent=len(answer.body) // 2)
    if how in ("doubled", "shuffled", "retyped", "renamed"):
        headers = [pair for pair in answer.headers if pair[0] != b"etag"]
        return Answer(answer.status, headers, _rows_changed(answer.body, how))
    return answer


def _rows_changed(body: bytes, how: str) -> bytes:
    if body.startswith(b"{"):
        page = json.loads(body)
        if "items" in page:
            page["items"] = _changed(page["items"], how)
        return json.dumps(page).encode()
    header, *rows = body.decode().splitlines(keepends=True)
    rows = [row if row.endswith("\n") else row + "\n" for row in rows]
    if how == "renamed":
        return header.replace("MailingCity", "MailingTown").encode() + "".join(rows).encode()
    return (header + "".join(_changed(rows, how))).encode()


def _changed(rows: list[Any], how: str) -> list[Any]:
    if how == "doubled":
        return [each for row in rows for each in (row, row)]
    if how == "shuffled":
        return random.Random(len(rows)).sample(rows, len(rows))
    if how == "retyped":
        return [row | {"list_price": 4.5} for row in rows]
    return [{("title" if name == "name" else name): value for name, value in row.items()} for row in rows]
