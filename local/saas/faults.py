"""Faults on demand: make the next requests to a service fail the way the service itself fails."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Service = Literal["bigquery", "salesforce", "catalog", "looker", "slack"]

_PREFIXES: tuple[tuple[str, Service], ...] = (
    ("/bigquery/", "bigquery"),
    ("/oauth2/", "bigquery"),
    ("/catalog/", "catalog"),
    ("/api/", "looker"),
    ("/slack/", "slack"),
    ("/services/", "salesforce"),
)
DEFAULT_RATE = 1000.0  # requests a second; far above what one polite client sends


class FaultRequest(BaseModel):
    """What to break: the next `times` requests of a service whose path contains `path_contains`.

    They fail with `status`, unless `answer` says otherwise: `garbage` is a page of HTML with status 200, `cut` breaks
    the connection in the middle of the right answer, `half` leaves out the second half of its rows without a word,
    `hang` answers after `seconds`.
    """

    service: Service
    answer: Literal["status", "garbage", "cut", "half", "hang"] = "status"
    seconds: float = Field(default=0, ge=0, le=60)
    status: Literal[429, 500, 502, 503] = 503
    times: int = Field(default=1, ge=1)
    retry_after: int | None = Field(default=None, ge=0, description="seconds")
    path_contains: str = ""
    requests_per_second: float | None = Field(
        default=None, gt=0, description="instead of failing `times` requests: answer 429 above this rate until cleared"
    )


@dataclass
class RateLimit:
    """A token bucket that holds one second's worth of requests."""

    rate: float = DEFAULT_RATE
    path_contains: str = ""
    _level: float = 1.0
    _at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._level = max(self.rate, 1.0)

    def exceeded(self) -> bool:
        """Count one request; True when it comes too soon."""
        now = time.monotonic()
        self._level = min(max(self.rate, 1.0), self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level < 1.0:
            return True
        self._level -= 1.0
        return False


class Faults:
    """The faults in force. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every fault and restore the default rate limits."""
        with self._lock:
            self._faults: list[FaultRequest] = []
            self._limits: dict[str, RateLimit] = {"catalog": RateLimit()}

    def add(self, fault: FaultRequest) -> None:
        """Put a fault in force."""
        with self._lock:
            if fault.requests_per_second is not None:
                self._limits[fault.service] = RateLimit(fault.requests_per_second, fault.path_contains)
            else:
                self._faults.append(fault.model_copy())

    def pending(self) -> list[dict[str, Any]]:
        """Faults that have not run out."""
        with self._lock:
            return [fault.model_dump() for fault in self._faults]

    def take(self, service: Service, path: str) -> FaultRequest | None:
        """What this request fails with, or None when it may pass."""
        with self._lock:
            for fault in self._faults:
                if fault.service == service and fault.path_contains in path:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault
            limit = self._limits.get(service)
            if limit is not None and limit.path_contains in path and limit.exceeded():
                return FaultRequest(service=service, status=429, retry_after=max(1, round(1 / limit.rate)))
        return None


class FaultMiddleware:
    """Answers a request with a fault in force, before it reaches the service."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = service_of(scope["path"]) if scope["type"] == "http" else None
        fault = self.faults.take(service, scope["path"]) if service else None
        if service is None or fault is None:
            await self.app(scope, receive, send)
            return
        match fault.answer:
            case "status":
                response = _BODIES[service](fault.status)
                if fault.retry_after is not None:
                    response.headers["Retry-After"] = str(fault.retry_after)
                await response(scope, receive, send)
            case "garbage":
                await HTMLResponse("<html><body>Down for maintenance</body></html>")(scope, receive, send)
            case "cut" | "half":
                await self._spoilt(fault.answer, scope, receive, send)
            case "hang":
                await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, send)

    async def _spoilt(self, how: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The right answer, but only the beginning of it."""
        started: list[Message] = []
        body = b""

        async def collect(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                body += message.get("body", b"")

        await self.app(scope, receive, collect)
        headers = [pair for pair in started[0]["headers"] if pair[0].lower() not in (b"content-length", b"etag")]
        sent = body[: len(body) // 2] if how == "cut" else _without_half(body)
        promised = len(body) if how == "cut" else len(sent)
        await send({**started[0], "headers": [*headers, (b"content-length", str(promised).encode())]})
        await send({"type": "http.response.body", "body": sent})  # the server hangs up when this is too little


def _without_half(body: bytes) -> bytes:
    """A page of JSON or CSV without the second half of its rows; all else it says stays."""
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError:
        header, *lines = body.splitlines(keepends=True)
        return header + b"".join(lines[: len(lines) // 2])
    for name in ("items", "rows"):
        if name in page:
            page[name] = page[name][: len(page[name]) // 2]
    return orjson.dumps(page)


def service_of(path: str) -> Service | None:
    """The service a path belongs to; None for the control paths."""
    for prefix, service in _PREFIXES:
        if path.startswith(prefix):
            return service
    # A login to "<host>/<name>.salesforce.com/services/...", see salesforce_login.
    return "salesforce" if ".salesforce.com/services/" in path else None


def router(faults: Faults) -> APIRouter:
    """Control paths for tests."""
    control = APIRouter(prefix="/_control")

    @control.post("/faults", status_code=204)
    def add(fault: FaultRequest) -> None:
        faults.add(fault)

    @control.get("/faults")
    def pending() -> list[dict[str, Any]]:
        return faults.pending()

    @control.delete("/faults", status_code=204)
    def clear() -> None:
        faults.clear()

    return control


def _bigquery(status: int) -> Response:
    reason, name, message = {
        429: ("rateLimitExceeded", "RESOURCE_EXHAUSTED", "Exceeded rate limits: too many requests for this user"),
        500: ("internalError", "INTERNAL", "An internal error occurred and the request could not be completed."),
    }.get(status, ("backendError", "UNAVAILABLE", "The service is currently unavailable."))
    error = {"message": message, "domain": "global", "reason": reason}
    return JSONResponse({"error": {"code": status, "message": message, "errors": [error], "status": name}}, status)


def _salesforce(status: int) -> Response:
    code, message = {
        429: ("REQUEST_LIMIT_EXCEEDED", "Too many requests."),
        500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    }.get(status, ("SERVER_UNAVAILABLE", "The server is temporarily unavailable."))
    return JSONResponse([{"errorCode": code, "message": message}], status)


def _catalog(status: int) -> Response:
    code = {429: "rate_limited", 500: "internal_error"}.get(status, "unavailable")
    return JSONResponse({"error": {"code": code, "message": "Try again later."}}, status)


def _looker(status: int) -> Response:
    message = {429: "Too many requests", 500: "An error has occurred."}.get(status, "Service unavailable")
    return JSONResponse({"message": message, "documentation_url": "https://cloud.google.com/looker/docs/"}, status)


def _slack(status: int) -> Response:
    return PlainTextResponse({429: "rate_limited", 500: "rollup_error"}.get(status, "service_unavailable"), status)


_BODIES: dict[str, Callable[[int], Response]] = {
    "bigquery": _bigquery,
    "salesforce": _salesforce,
    "catalog": _catalog,
    "looker": _looker,
    "slack": _slack,
}
