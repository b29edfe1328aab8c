"""Whether the API is well, for those who run it. No key is needed: nothing of the shop is told."""

from typing import Any

from fastapi import APIRouter, Request, Response

from plugins.analytics.routes import problems
from plugins.analytics.schemas.quality import Health, Readiness

operations = APIRouter(tags=["operations"])
_NOT_READY: dict[int | str, dict[str, Any]] = {503: problems()[503]}


@operations.get("/health", operation_id="getHealth", summary="Whether the process answers")
async def health() -> Health:
    """Asks nobody."""
    return Health(status="ok")


@operations.get("/ready", operation_id="getReadiness", summary="Whether the API can answer", responses=_NOT_READY)
async def ready(request: Request) -> Readiness:
    """The warehouse could be reached lately, and a build has finished."""
    build = await request.app.state.builds.newest_within(request.app.state.ready_seconds)
    return Readiness(status="ready", build_id=build.number, data_through=build.data_through)


@operations.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """In Prometheus' text format."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
