"""Errors as RFC 9457 problem details: what is wrong, with which parameter, and what to do."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:analytics:problem:"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one parameter."""

    parameter: str
    location: str
    detail: str


class Problem(Exception):
    """An error that the client is told of.

    Args:
        status: HTTP status.
        kind: last part of the problem's type, e.g. invalid-parameter; clients may rely on it.
        detail: what is wrong, for people.
        faults: the parameters at fault.
        headers: more headers of the answer, e.g. Retry-After.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})

    def body(self, request_id: str) -> bytes:
        """The problem as JSON."""
        held: dict[str, Any] = {
            "type": TYPE_PREFIX + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.faults:
            held["errors"] = [
                {"parameter": fault.parameter, "in": fault.location, "detail": fault.detail} for fault in self.faults
            ]
        return json.dumps(held, ensure_ascii=False).encode("utf-8", "replace")


def invalid(parameter: str, detail: str, location: str = "query") -> Problem:
    """A 422 that names one parameter."""
    return Problem(422, "invalid-parameter", f"{parameter}: {detail}", [Fault(parameter, location, detail)])


def unknown(parameter: str, what: str) -> Problem:
    """A 404 for an id that names nothing."""
    detail = f"there is no {what} with this id"
    return Problem(404, "not-found", detail, [Fault(parameter, "path", detail)])


def unavailable(kind: str, detail: str, retry_after: float) -> Problem:
    """A 503 that says when to come again, in seconds."""
    return Problem(503, kind, detail, headers={"Retry-After": str(max(1, round(retry_after)))})
