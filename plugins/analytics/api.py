"""The application: its parts put together, its routes, its description."""

import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from include import config
from plugins.analytics.audit import AuditLog, write_to
from plugins.analytics.auth import AirflowLogin, KeyLogin, Login, Logins
from plugins.analytics.builds import Builds
from plugins.analytics.caching import AnswerCache
from plugins.analytics.dashboard import Dashboard
from plugins.analytics.descriptions import describe_fields
from plugins.analytics.front import Application, Asked, Front
from plugins.analytics.keys import SCOPES, Keys
from plugins.analytics.limiting import FailedSignIns, RequestLimits
from plugins.analytics.metrics import Metrics
from plugins.analytics.problem import MEDIA_TYPE, Fault, Problem
from plugins.analytics.routes.business import business
from plugins.analytics.routes.customers import customers, groups
from plugins.analytics.routes.operations import operations
from plugins.analytics.routes.products import products
from plugins.analytics.routes.quality import quality
from plugins.analytics.schemas.base import ProblemDetails
from plugins.analytics.sessions import WarehouseSessions
from plugins.analytics.settings import API_PREFIX, Settings
from plugins.analytics.sharing import SharedRows

SUBJECTS = (
    business,
    groups,
    customers,
    products,
    quality,
)
VERSION = "1.0.0"
DESCRIPTION = """\
The marts of the shop: revenue, customers, products, conversion, and how well the data is.

* **Money** is a string with four decimals, in the currency of `meta`. **Rates** are shares: 0.125 is 12.5 %.
* **Days** are days of the store (`meta.time_zone`), both ends included; all is as of `meta.data_through`.
* **meta** names the build of the marts that an answer comes from; an ETag stays the same until the next build.
* **Lists** give `next_cursor`; a cursor is good for the build it came from (410 afterwards).
* **Errors** are problem details (RFC 9457) that name the parameter.
"""
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or inside Airflow its own token."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}


@dataclass(frozen=True)
class Parts:
    """What the application works with."""

    settings: Settings
    metrics: Metrics
    sessions: WarehouseSessions
    pii_sessions: WarehouseSessions
    check_sessions: WarehouseSessions
    builds: Builds
    shared: SharedRows
    keys: Keys
    failures: FailedSignIns
    audit: AuditLog

    @classmethod
    def from_settings(cls, settings: Settings) -> "Parts":
        metrics = Metrics()
        failures = FailedSignIns(settings.failed_sign_ins_per_minute)
        sessions = WarehouseSessions(config.WAREHOUSE_READER, settings, metrics, settings.pool_size)
        checks = WarehouseSessions(config.WAREHOUSE_READER, settings, metrics, settings.check_pool_size)
        builds = Builds(checks, settings, metrics)
        return cls(
            settings,
            metrics,
            sessions,
            WarehouseSessions(config.WAREHOUSE_PII_READER, settings, metrics, settings.pool_size),
            checks,
            builds,
            SharedRows(sessions, settings.shared_values, builds.is_newest),
            Keys(checks, settings, failures),
            failures,
            AuditLog(),
        )

    def close(self) -> None:
        """Close the sessions, write what the log still holds."""
        self.audit.close()
        self.sessions.close()
        self.pii_sessions.close()
        self.check_sessions.close()


def create_app(settings: Settings | None = None) -> Application:
    """The application, ready to be served or mounted. It asks the warehouse nothing before its first request."""
    parts = Parts.from_settings(settings or Settings.from_environment())
    logins: list[Login] = [KeyLogin(parts.keys)]
    if parts.settings.airflow_login:
        logins.append(AirflowLogin())
    front: Application = Front(
        routes=create_routes(parts),
        logins=Logins(parts.failures, *logins),
        limits=RequestLimits(parts.settings.requests_per_minute),
        builds=parts.builds,
        cache=AnswerCache(parts.settings.cache_bytes, parts.metrics, parts.builds.is_newest),
        metrics=parts.metrics,
        audit=parts.audit,
    )
    if parts.settings.cors_origins:
        return CORSMiddleware(
            front,
            allow_origins=parts.settings.cors_origins,
            allow_methods=["GET"],
            allow_headers=["Authorization", "X-API-Key", "If-None-Match"],
            expose_headers=["ETag", "Retry-After", "X-Request-Id"],
        )
    return front


def create_stand_alone_app() -> Application:
    """The application of a process of its own. What the first question would have to import is imported now."""
    import airflow.providers.snowflake.hooks.snowflake  # noqa: F401
    import snowflake.connector  # noqa: F401

    write_to(sys.stdout)
    app = create_app()
    gc.collect()
    gc.freeze()  # what was imported stays: looking through it again and again would hold answers up
    return app


def create_routes(parts: Parts) -> FastAPI:
    """The operations, without what stands before them."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        parts.close()

    app = FastAPI(
        title="Shop analytics",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect would name the host that the client claims to ask
    )
    app.state.sessions = parts.sessions
    app.state.pii_sessions = parts.pii_sessions
    app.state.shared = parts.shared
    app.state.builds = parts.builds
    app.state.ready_seconds = parts.settings.ready_seconds
    app.state.metrics = parts.metrics
    app.state.time_zone = config.STORE_TIMEZONE
    for router in SUBJECTS:
        app.include_router(router, prefix=API_PREFIX)
    app.include_router(operations)
    app.router.routes.extend(Dashboard("airflow" if parts.settings.airflow_login else "key").routes)
    app.add_exception_handler(Problem, _problem_response)
    app.add_exception_handler(RequestValidationError, _invalid_response)
    app.add_exception_handler(HTTPException, _http_response)
    app.openapi = _description_of(app)  # type: ignore[method-assign]
    return app


def _respond(request: Request, problem: Problem) -> Response:
    asked: Asked = request.scope["analytics"]
    asked.problem = problem
    return Response(problem.body(asked.request_id), problem.status, problem.headers, MEDIA_TYPE)


def _problem_response(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _respond(request, error)


def _invalid_response(request: Request, error: Exception) -> Response:
    """A 422 that names every parameter at fault."""
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(str(fault["loc"][-1]), str(fault["loc"][0]), _sentence(fault["msg"], fault["type"]))
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in faults)
    return _respond(request, Problem(422, "invalid-parameter", detail, faults))


def _sentence(message: str, kind: str) -> str:
    return "there is no such parameter" if kind == "extra_forbidden" else message


def _http_response(request: Request, error: Exception) -> Response:
    """Starlette's own: no such path, or another method."""
    assert isinstance(error, HTTPException)
    kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
    return _respond(request, Problem(error.status_code, kind, str(error.detail), headers=error.headers))


def _description_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document, made once: FastAPI's own, with fields described by the marts, and who may ask what."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            schemas = document["components"]["schemas"]
            schemas["ProblemDetails"] = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= schemas["ProblemDetails"].pop("$defs", {})
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            describe_fields(schemas)
            document["components"]["securitySchemes"] = SECURITY_SCHEMES
            document["x-scopes"] = SCOPES
            _tell_scopes(document)
            app.openapi_schema = document
        return app.openapi_schema

    return describe


def _tell_scopes(document: dict[str, Any]) -> None:
    """Name the security schemes and the scope that each operation needs."""
    scopes = {
        route.operation_id: scope
        for router in SUBJECTS
        for route in router.routes
        if isinstance(route, APIRoute)
        for dependency in route.dependencies
        if (scope := getattr(dependency.dependency, "scope", None))
    }
    for path in document["paths"].values():
        for operation in path.values():
            scope = scopes.get(operation["operationId"])
            if scope:
                operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
                operation["x-scope"] = scope
                operation["description"] += f"\n\nNeeds the scope `{scope}`."
