"""What stands before the routes: sign-in, rate limit, cache, conditional requests, headers, metrics and the audit log.

Plain ASGI: an answer that is kept leaves here without passing through the framework, which is what makes it fast.
"""

import hashlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from plugins.analytics.audit import AuditLine, AuditLog
from plugins.analytics.auth import Logins, Principal
from plugins.analytics.builds import Build, Builds
from plugins.analytics.caching import Answer, AnswerCache
from plugins.analytics.limiting import RequestLimits
from plugins.analytics.metrics import Metrics
from plugins.analytics.problem import MEDIA_TYPE, Problem
from plugins.analytics.settings import API_PREFIX, MAX_BODY_BYTES, MAX_TARGET_BYTES

log = logging.getLogger("analytics.api")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
VARY = (b"vary", b"authorization, x-api-key, cookie, origin")
API_HEADERS = (
    *SECURITY_HEADERS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    VARY,
)
REVALIDATE = (
    b"cache-control",
    b"private, no-cache",
)  # to be kept by the client only, and asked for again with its ETag
DO_NOT_STORE = (b"cache-control", b"no-store")
UNMATCHED = "unmatched"
_PROCESS, _NUMBERS = secrets.token_hex(4), count(1)


@dataclass(slots=True)
class Asked:
    """A request on its way: what the routes need to know of it, and what they tell of their answer."""

    request_id: str
    method: str = "GET"
    principal: Principal | None = None
    build: Build | None = None
    route: str = UNMATCHED
    rows: int = 0
    keep: bool = True
    """Whether the answer stays right until the next build, and may be kept in memory."""
    personal_data_of: str | None = None
    who: str | None = None
    """Whose credentials they were, where they are good no more."""
    peer: str | None = None
    """Address of the client, where nobody is signed in."""
    problem: Problem | None = None
    """What the answer tells, where it is an error."""


class Front:
    """The ASGI application that stands before another one."""

    def __init__(
        self,
        routes: Application,
        logins: Logins,
        limits: RequestLimits,
        builds: Builds,
        cache: AnswerCache,
        metrics: Metrics,
        audit: AuditLog,
    ) -> None:
        self._routes = routes
        self._logins = logins
        self._limits = limits
        self._builds = builds
        self._cache = cache
        self._metrics = metrics
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
        elif _path(scope).startswith(f"{API_PREFIX}/"):
            await self._api(scope, send)
        else:
            await self._open(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What needs no key: health, metrics, the API's description."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        scope["analytics"] = Asked(_request_id())
        await self._routes(scope, receive, with_headers)

    async def _api(self, scope: Scope, send: Send) -> None:
        began = time.perf_counter()
        asked = Asked(_request_id(), scope["method"])
        headers = dict(scope["headers"])
        try:
            answer = await self._answer(scope, headers, asked)
            if answer.problem is not None:
                asked.route = answer.route
                answer = _problem_answer(answer.problem, asked)
        except Problem as problem:
            answer = _problem_answer(problem, asked)
            if asked.principal is None:
                asked.who, asked.peer = getattr(problem, "who", None), _client(scope)
        except Exception:
            log.exception("Request %s failed", asked.request_id)
            unexpected = Problem(500, "internal-error", f"the log tells why, under {asked.request_id}")
            answer = _problem_answer(unexpected, asked)
        request_id = (b"x-request-id", asked.request_id.encode())
        if answer.etag and _names(headers.get(b"if-none-match"), answer.etag):
            status, body = 304, b""
            # The client has the other headers with its answer (RFC 9110, 15.4.5).
            sent = [REVALIDATE, (b"etag", answer.etag), VARY, request_id]
        else:
            status, body = answer.status, answer.body
            sent = [*answer.headers, *API_HEADERS, request_id, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if asked.method == "HEAD" else body})
        self._tell(asked, answer, status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], asked: Asked) -> Answer:
        _refuse_large(scope, headers)
        asked.principal = await self._logins.principal(headers, _client(scope))
        self._limits.count(asked.principal)
        asked.build = build = await self._builds.newest()
        if asked.method != "GET":
            return await self._computed(scope, asked)
        # Who may see more gets another answer: the scopes are part of the question.
        key = (_path(scope), scope["query_string"], asked.principal.scopes)
        kept = self._cache.kept(key, build)
        if kept is not None:
            return kept
        return await self._cache.computed(key, build, lambda: self._computed(scope, asked))

    async def _computed(self, scope: Scope, asked: Asked) -> Answer:
        """The answer of the routes."""
        start: Message = {}
        parts: list[bytes] = []

        async def capture(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        inner = {**scope, "analytics": asked}
        await self._routes(inner, _no_body, capture)
        route = getattr(inner.get("route"), "path", UNMATCHED)
        body = b"".join(parts)
        headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        if start["status"] != 200 or not asked.keep:
            unkept = (*headers, DO_NOT_STORE)
            return Answer(
                start["status"],
                unkept,
                body,
                route,
                asked.rows,
                personal_data_of=asked.personal_data_of,
                problem=asked.problem,
            )
        assert asked.build is not None
        etag = b'"%d-%s"' % (asked.build.number, hashlib.sha256(body).hexdigest()[:32].encode())
        return Answer(200, (*headers, REVALIDATE, (b"etag", etag)), body, route, asked.rows, etag)

    def _tell(self, asked: Asked, answer: Answer, status: int, seconds: float) -> None:
        self._metrics.answered(answer.route, asked.method, status, seconds)
        served = status == 200
        self._audit.record(
            AuditLine(
                time=datetime.now(UTC),
                request=asked.request_id,
                who=asked.principal.name if asked.principal else asked.who,
                method=asked.method,
                route=answer.route,
                status=status,
                rows=answer.rows if served else 0,
                milliseconds=round(seconds * 1000, 2),
                personal_data_of=answer.personal_data_of if served else None,
                peer=asked.peer,
            )
        )


def _path(scope: Scope) -> str:
    """The path below where the application is mounted."""
    return scope["path"].removeprefix(scope.get("root_path", ""))


def _client(scope: Scope) -> str:
    """Address of who is connected; empty where the server does not know it."""
    client = scope.get("client")
    return client[0] if client else ""


def _request_id() -> str:
    return f"{_PROCESS}{next(_NUMBERS):08x}"


def _refuse_large(scope: Scope, headers: dict[bytes, bytes]) -> None:
    """Raise a Problem for a target or a body that no question of this API has."""
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise Problem(414, "target-too-long", f"path and query may have {MAX_TARGET_BYTES} bytes")
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise Problem(413, "body-too-large", "no question of this API has a body")


def _names(if_none_match: bytes | None, etag: bytes) -> bool:
    """Whether an If-None-Match header names an ETag (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match == etag or any(
        name.strip().removeprefix(b"W/") in (etag, b"*") for name in if_none_match.split(b",")
    )


def _problem_answer(problem: Problem, asked: Asked) -> Answer:
    headers = [(b"content-type", MEDIA_TYPE.encode()), DO_NOT_STORE]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    return Answer(problem.status, tuple(headers), problem.body(asked.request_id), asked.route)


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
