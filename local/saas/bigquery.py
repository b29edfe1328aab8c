"""BigQuery: the REST resources behind Client.get_table, list_tables and list_rows, for a GA4 export dataset.

Anonymous requests are let in, as by the emulators other clients know; a token that is sent must be valid. Pages hold at
most 50,000 rows and about 10 MB, the limit of the real service.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import jwt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from local.saas.credentials import GOOGLE_ACCOUNT, Tokens, bearer
from local.saas.dataset import Dataset
from local.saas.ga4_export import ALL_FIELDS, SCHEMA, Selection, encode_rows, select

PROJECT = "shop-analytics"
DATASET = "analytics_310"
LOCATION = "EU"
MAX_PAGE_ROWS = 50_000
MAX_PAGE_BYTES = 10_000_000
ROWS_ENCODED_AT_ONCE = 5_000
SETTLED_AFTER = timedelta(hours=72)  # Google Analytics adds late events to a day's table for this long
FIRST_EXPORT_AFTER = timedelta(hours=5)
TABLES_PATH = "/projects/{project}/datasets/{dataset}/tables"


class GoogleError(Exception):
    """An error answered in the shape of Google's JSON APIs."""

    def __init__(self, status: int, reason: str, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "code": status,
                "message": message,
                "errors": [{"message": message, "domain": "global", "reason": reason}],
                "status": name,
            }
        }


class TableOverride(BaseModel):
    """What a test changes about a table: when it was last written, or that it is not there (yet)."""

    last_modified: datetime | None = None
    missing: bool = False


class ExportTables:
    """The day tables `events_YYYYMMDD` of a data set."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.overrides: dict[str, TableOverride] = {}
        self._days = {f"events_{day:%Y%m%d}": day for day in dataset.days}

    def names(self) -> list[str]:
        """Every table that exists, by name."""
        return [name for name in self._days if not self.overrides.get(name, TableOverride()).missing]

    def day(self, project: str, dataset: str, table: str) -> date:
        """The day of a table. Raises GoogleError when there is no such dataset or table."""
        check_dataset(project, dataset)
        if table not in self._days or self.overrides.get(table, TableOverride()).missing:
            raise GoogleError(404, "notFound", "NOT_FOUND", f"Not found: Table {project}:{dataset}.{table}")
        return self._days[table]

    def last_modified(self, day: date) -> datetime:
        """When the day's table was last written: settled after 72 hours, else at its first export."""
        override = self.overrides.get(f"events_{day:%Y%m%d}")
        if override is not None and override.last_modified is not None:
            return override.last_modified
        ended = self.dataset.day_start(day + timedelta(days=1))
        settled = ended + SETTLED_AFTER
        return settled if settled <= self.dataset.as_of else ended + FIRST_EXPORT_AFTER

    def row_count(self, day: date) -> int:
        """Number of events of a day."""
        path = self.dataset.event_file(day)
        return pq.read_metadata(path).num_rows if path.exists() else 0

    def events(self, day: date) -> pa.Table | None:
        """A day's events; None when it has none."""
        path = self.dataset.event_file(day)
        return _read_events(path, path.stat().st_mtime_ns) if path.exists() else None


@lru_cache(maxsize=2)  # a reader pages through one day at a time
def _read_events(path: Path, _modified: int) -> pa.Table:
    return pq.ParquetFile(path).read()


def check_dataset(project: str, dataset: str) -> None:
    """Raise GoogleError unless it is the one dataset there is."""
    if project != PROJECT:
        raise GoogleError(404, "notFound", "NOT_FOUND", f"Not found: Project {project}")
    if dataset != DATASET:
        raise GoogleError(404, "notFound", "NOT_FOUND", f"Not found: Dataset {project}:{dataset}")


def router(dataset: Dataset, key: rsa.RSAPrivateKey) -> APIRouter:
    """The API itself, Google's token endpoint for service accounts, and the control paths."""
    routes = APIRouter()
    tables = ExportTables(dataset)
    tokens = Tokens("bigquery", standing="local-bigquery-token")
    routes.include_router(_api(tables, tokens))
    routes.include_router(_control(tables))

    @routes.post("/oauth2/token")
    def token(grant_type: Annotated[str, Form()] = "", assertion: Annotated[str, Form()] = "") -> Response:
        if grant_type != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        try:
            jwt.decode(assertion, key.public_key(), ["RS256"], issuer=GOOGLE_ACCOUNT, options={"verify_aud": False})
        except jwt.InvalidTokenError as error:
            return JSONResponse({"error": "invalid_grant", "error_description": f"Invalid JWT: {error}"}, 400)
        return JSONResponse({"access_token": tokens.issue(), "expires_in": tokens.lifetime, "token_type": "Bearer"})

    return routes


def error_response(_request: Request, error: Exception) -> Response:
    """Answer a GoogleError."""
    if not isinstance(error, GoogleError):
        raise error
    return JSONResponse(error.body, error.status)


def _authorise(tokens: Tokens) -> Callable[..., None]:
    def authorise(authorization: Annotated[str | None, Header()] = None) -> None:
        if authorization is None:
            return
        sent = bearer(authorization)
        if sent is None or not tokens.accepts(sent):
            message = "Request had invalid authentication credentials."
            raise GoogleError(401, "authError", "UNAUTHENTICATED", message)

    return authorise


def _api(tables: ExportTables, tokens: Tokens) -> APIRouter:
    api = APIRouter(prefix="/bigquery/v2", dependencies=[Depends(_authorise(tokens))])

    @api.get("/projects/{project}/datasets/{dataset}")
    def get_dataset(project: str, dataset: str) -> dict[str, Any]:
        check_dataset(project, dataset)
        return {
            "kind": "bigquery#dataset",
            "id": f"{project}:{dataset}",
            "datasetReference": {"projectId": project, "datasetId": dataset},
            "location": LOCATION,
        }

    @api.get(TABLES_PATH)
    def list_tables(
        project: str,
        dataset: str,
        max_results: Annotated[int, Query(alias="maxResults", ge=1)] = 50,
        page_token: Annotated[str | None, Query(alias="pageToken")] = None,
    ) -> dict[str, Any]:
        check_dataset(project, dataset)
        names = tables.names()
        start = _read_page_token(page_token, "tables") if page_token else 0
        page = {
            "kind": "bigquery#tableList",
            "totalItems": len(names),
            "tables": [_table_item(tables, name) for name in names[start : start + max_results]],
        }
        if start + max_results < len(names):
            page["nextPageToken"] = _page_token("tables", start + max_results)
        return page

    @api.get(TABLES_PATH + "/{table}")
    def get_table(project: str, dataset: str, table: str) -> dict[str, Any]:
        day = tables.day(project, dataset, table)
        return _table_item(tables, table) | {
            "schema": {"fields": SCHEMA},
            "numRows": str(tables.row_count(day)),
            "lastModifiedTime": _milliseconds(tables.last_modified(day)),
            "location": LOCATION,
        }

    @api.get(TABLES_PATH + "/{table}/data")
    def list_rows(
        project: str,
        dataset: str,
        table: str,
        selected_fields: Annotated[str | None, Query(alias="selectedFields")] = None,
        max_results: Annotated[int | None, Query(alias="maxResults", ge=0)] = None,
        start_index: Annotated[int, Query(alias="startIndex", ge=0)] = 0,
        page_token: Annotated[str | None, Query(alias="pageToken")] = None,
    ) -> Response:
        day = tables.day(project, dataset, table)
        selection = _selected(selected_fields)
        start = _read_page_token(page_token, table) if page_token else start_index
        limit = MAX_PAGE_ROWS if max_results is None else min(max_results, MAX_PAGE_ROWS)
        return Response(_page(tables, table, day, selection, start, limit), media_type="application/json")

    return api


def _control(tables: ExportTables) -> APIRouter:
    control = APIRouter(prefix="/_control/bigquery")

    @control.post("/tables/{table}", status_code=204)
    def override(table: str, change: TableOverride) -> None:
        tables.overrides[table] = change

    @control.delete("/tables", status_code=204)
    def clear() -> None:
        tables.overrides.clear()

    return control


def _table_item(tables: ExportTables, table: str) -> dict[str, Any]:
    day = datetime.strptime(table, "events_%Y%m%d").replace(tzinfo=UTC).date()
    created = tables.dataset.day_start(day + timedelta(days=1)) + FIRST_EXPORT_AFTER
    return {
        "kind": "bigquery#table",
        "id": f"{PROJECT}:{DATASET}.{table}",
        "tableReference": {"projectId": PROJECT, "datasetId": DATASET, "tableId": table},
        "type": "TABLE",
        "creationTime": _milliseconds(created),
    }


def _selected(fields: str | None) -> Selection:
    """The columns asked for. Raises GoogleError for one that does not exist."""
    if not fields:
        return ALL_FIELDS
    try:
        return select([name.strip() for name in fields.split(",")])
    except KeyError as error:
        raise GoogleError(400, "invalid", "INVALID_ARGUMENT", f"No such field: {error.args[0]}.") from error


def _page(tables: ExportTables, table: str, day: date, selection: Selection, start: int, limit: int) -> bytes:
    events = tables.events(day)
    total = 0 if events is None else len(events)
    texts: list[bytes] = []
    position, size = start, 0
    while events is not None and position < min(start + limit, total) and size < MAX_PAGE_BYTES:
        part = events.slice(position, min(ROWS_ENCODED_AT_ONCE, start + limit - position))
        texts.append(_joined(encode_rows(part, day, selection)))
        position += len(part)
        size += len(texts[-1])
    head: dict[str, Any] = {"kind": "bigquery#tableDataList", "etag": f"{table}-{start}", "totalRows": str(total)}
    if position < total:
        head["pageToken"] = _page_token(table, position)
    if not texts:
        return orjson.dumps(head)
    return b"".join((orjson.dumps(head)[:-1], b',"rows":[', b",".join(texts), b"]}"))


def _joined(rows: pa.Array | pa.ChunkedArray) -> bytes:
    """Texts joined by commas, without a Python object for each."""
    flat = rows.combine_chunks() if isinstance(rows, pa.ChunkedArray) else rows
    whole = pa.LargeListArray.from_arrays([0, len(flat)], flat)
    return pc.binary_join(whole, ",")[0].as_buffer().to_pybytes()


def _page_token(of: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{of}:{position}".encode()).decode()


def _read_page_token(token: str, of: str) -> int:
    try:
        name, _, position = base64.urlsafe_b64decode(token).decode().partition(":")
        if name == of:
            return int(position)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise GoogleError(400, "invalid", "INVALID_ARGUMENT", f"Invalid page token: {token}") from error
    raise GoogleError(400, "invalid", "INVALID_ARGUMENT", f"Page token of another list: {token}")


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
