"""The product catalog: a cursor-paged REST list of product versions, with ETags."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.responses import JSONResponse

from local.saas.credentials import Tokens, bearer
from local.saas.dataset import Dataset

TOKEN = "local-catalog-token"
DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CatalogError(Exception):
    """An error answered as {"error": {code, message, …}}."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, **more}}


class Products:
    """Every version of every product, in the order they changed."""

    def __init__(self, dataset: Dataset) -> None:
        self._rows = dataset.table("products").sort_by([("updated_at", "ascending"), ("product_id", "ascending")])
        self._changed = pc.cast(self._rows["updated_at"], pa.int64()).to_numpy()

    def page(self, since: datetime | None, before: datetime | None, limit: int, cursor: str | None) -> dict[str, Any]:
        """Versions that changed in [since, before), from the cursor on. Raises CatalogError for a bad cursor."""
        first = 0 if since is None else self._position(since)
        end = len(self._rows) if before is None else self._position(before)
        start = first if cursor is None else _read_cursor(cursor, first, end)
        stop = max(start, min(start + limit, end))
        items = [row | _texts(row) for row in self._rows.slice(start, stop - start).to_pylist()]
        return {"items": items, "next_cursor": _cursor(stop) if stop < end else None}

    def _position(self, moment: datetime) -> int:
        """Number of versions older than the moment."""
        return int(np.searchsorted(self._changed, (moment - EPOCH) // timedelta(microseconds=1)))


def router(dataset: Dataset) -> APIRouter:
    """GET /catalog/v1/products."""
    routes = APIRouter(prefix="/catalog/v1", dependencies=[Depends(_authorise(Tokens("catalog", standing=TOKEN)))])
    products = Products(dataset)

    @routes.get("/products")
    def list_products(
        updated_since: str | None = None,
        updated_before: str | None = None,
        limit: Annotated[str, Query()] = str(DEFAULT_LIMIT),
        cursor: str | None = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        since, before = _moment("updated_since", updated_since), _moment("updated_before", updated_before)
        body = orjson.dumps(products.page(since, before, _limit(limit), cursor))
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if if_none_match is not None and etag in (tag.strip() for tag in if_none_match.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    return routes


def error_response(_request: Request, error: Exception) -> Response:
    """Answer a CatalogError."""
    if not isinstance(error, CatalogError):
        raise error
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse(error.body, error.status, headers)


def _authorise(tokens: Tokens) -> Callable[..., None]:
    def authorise(authorization: Annotated[str | None, Header()] = None) -> None:
        sent = bearer(authorization)
        if sent is None or not tokens.accepts(sent):
            raise CatalogError(401, "unauthorized", "A valid bearer token is required.")

    return authorise


def _texts(row: dict[str, Any]) -> dict[str, str | None]:
    """The values JSON has no type for: money to four decimals, times in RFC 3339."""
    price = row["list_price"]
    return {
        "list_price": None if price is None else f"{price:.4f}",
        "created_at": None if row["created_at"] is None else _rfc3339(row["created_at"]),
        "updated_at": _rfc3339(row["updated_at"]),
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(parameter: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{parameter}: not an RFC 3339 time with a zone: {text!r}"
        raise CatalogError(400, "invalid_parameter", message, parameter=parameter)
    return moment


def _limit(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise CatalogError(
            400, "invalid_parameter", f"limit: not between 1 and {MAX_LIMIT}: {text!r}", parameter="limit"
        )
    return int(text)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"products:{position}".encode()).decode()


def _read_cursor(cursor: str, first: int, end: int) -> int:
    try:
        of, _, position = base64.urlsafe_b64decode(cursor).decode().partition(":")
        if of == "products" and first <= int(position) <= end:
            return int(position)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise CatalogError(400, "invalid_cursor", f"Not a cursor: {cursor!r}", parameter="cursor") from error
    raise CatalogError(400, "invalid_cursor", "The cursor belongs to another list.", parameter="cursor")
