"""One application for every hosted service."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from local.saas import bigquery, catalog, faults, looker, salesforce, slack
from local.saas.credentials import private_key
from local.saas.dataset import Dataset


def create_app(dataset_dir: Path, state_dir: Path) -> FastAPI:
    """The services over the data set in `dataset_dir`; what they receive is kept under `state_dir`.

    Raises:
        FileNotFoundError: the directory holds no data set.
    """
    dataset = Dataset.open(dataset_dir)
    state_dir.mkdir(parents=True, exist_ok=True)
    key = private_key(state_dir)
    app = FastAPI(title="Hosted services, local", docs_url=None, redoc_url=None, openapi_url=None)
    in_force = faults.Faults()
    app.add_middleware(faults.FaultMiddleware, faults=in_force)
    for router in (
        faults.router(in_force),
        bigquery.router(dataset, key),
        salesforce.router(dataset, key),
        catalog.router(dataset),
        looker.router(state_dir),
        slack.router(state_dir),
    ):
        app.include_router(router)
    app.add_exception_handler(bigquery.GoogleError, bigquery.error_response)
    app.add_exception_handler(salesforce.SalesforceError, salesforce.error_response)
    app.add_exception_handler(catalog.CatalogError, catalog.error_response)
    app.add_exception_handler(looker.LookerError, looker.error_response)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _unrouted)

    @app.get("/_control/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "dataset": dataset.id}

    return app


def _invalid_request(request: Request, error: Exception) -> Response:
    """Answer a request whose parameters or body do not fit."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = str(first["loc"][-1]) if first["loc"] else "body"
    return _refusal(request, 400, f"Invalid value at '{name}': {first['msg']}", name)


def _unrouted(request: Request, error: Exception) -> Response:
    """Answer a request to a resource that the stand-ins do not have."""
    if not isinstance(error, HTTPException):
        raise error
    return _refusal(request, error.status_code, f"{error.detail}: {request.method} {request.url.path}", "path")


def _refusal(request: Request, status: int, message: str, field: str) -> Response:
    """A client error in the shape of the service it was sent to."""
    service = faults.service_of(request.url.path)
    if service == "bigquery":
        reason, name = ("invalid", "INVALID_ARGUMENT") if status == 400 else ("notFound", "NOT_FOUND")
        return bigquery.error_response(request, bigquery.GoogleError(status, reason, name, message))
    if service == "salesforce":
        code = "INVALIDJOB" if status == 400 else "NOT_FOUND"
        return salesforce.error_response(request, salesforce.SalesforceError(status, code, message))
    if service == "looker":
        if status != 400:
            return looker.error_response(request, looker.LookerError(status, "Not found"))
        detail = {"field": field, "code": "invalid", "message": message}
        return looker.error_response(request, looker.LookerError(422, "Validation Failed", [detail]))
    return JSONResponse({"error": {"code": "invalid_request", "message": message}}, status)
