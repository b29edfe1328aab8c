"""The operations, one module a subject. A route parses parameters, asks a query and answers typed rows."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from plugins.analytics.front import Asked
from plugins.analytics.keys import ANALYTICS_READ
from plugins.analytics.problem import Fault, Problem
from plugins.analytics.schemas.base import ProblemDetails

_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
_COMMON = {
    401: "No credentials, or wrong ones.",
    403: "The credentials lack the scope.",
    413: "The request has a body.",
    414: "Path and query are too long.",
    422: "A parameter is not valid; errors names it.",
    429: "Too many requests; Retry-After tells when to come again.",
    503: "The warehouse is away, or nothing is built yet; Retry-After tells when to come again.",
}


def problems(more: dict[int, str] | None = None) -> dict[int | str, dict[str, Any]]:
    """Responses of a route other than 200."""
    told = _COMMON | (more or {})
    responses: dict[int | str, dict[str, Any]] = {
        304: {"description": "The ETag of If-None-Match is still the answer's."}
    }
    for status, text in sorted(told.items()):
        responses[status] = {"description": text, "content": _CONTENT}
    return responses


PAGE_PROBLEMS = problems({410: "The cursor is of an older build: begin again without it."})
NOT_FOUND = problems({404: "There is nothing with this id."})


def router(subject: str, scope: str = ANALYTICS_READ) -> APIRouter:
    """Routes of a subject, for those who have a scope."""
    return APIRouter(
        tags=[subject],
        responses=problems(),
        dependencies=[Depends(_requires(scope)), Depends(_named_once)],
    )


async def _named_once(request: Request) -> None:
    """Raise a Problem (422) for parameters that are given twice: which one is meant, nobody knows."""
    given = [name for name, _ in request.query_params.multi_items()]
    if len(given) > len(set(given)):
        twice = sorted({name for name in given if given.count(name) > 1})
        faults = [Fault(name, "query", "given more than once") for name in twice]
        raise Problem(422, "invalid-parameter", f"{', '.join(twice)}: given more than once", faults)


def _requires(scope: str) -> Any:
    async def check(request: Request) -> None:
        asked: Asked = request.scope["analytics"]
        assert asked.principal is not None
        asked.principal.require(scope)

    check.scope = scope  # type: ignore[attr-defined]  # told in the API's description
    return check


__all__ = ["NOT_FOUND", "PAGE_PROBLEMS", "ProblemDetails", "problems", "router"]
