"""Products from the catalog's cursor-paged REST API."""

from collections.abc import Generator
from typing import Any

import pyarrow as pa
import requests

from include.sources import Extract, SourceError
from include.window import Window

TABLES = ("products",)
PAGE_ROWS = 1000
_COLUMNS = {
    "product_id": pa.string(),
    "name": pa.string(),
    "category": pa.string(),
    "subcategory": pa.string(),
    "brand": pa.string(),
    "list_price": pa.string(),
    "is_merchandise": pa.bool_(),
    "is_active": pa.bool_(),
    "created_at": pa.string(),
    "updated_at": pa.string(),
}


def extract(session: requests.Session, base_url: str, window: Window) -> Extract:
    """Product versions whose `updated_at` lies in the window.

    Raises:
        requests.HTTPError: the API refused after its retries.
        SourceError: a page is not what the API documents.
    """
    return Extract(_batches(session, base_url, window))


def _batches(session: requests.Session, base_url: str, window: Window) -> Generator[pa.RecordBatch]:
    cursor = None
    while True:
        page = _page(session, base_url, window, cursor)
        items = page["items"]
        if items:
            yield _batch(items)
        following = page["next_cursor"]
        if not following:
            return
        if following == cursor:
            raise SourceError(f"catalog: cursor {cursor!r} leads back to itself; the listing would never end")
        cursor = following


def _page(session: requests.Session, base_url: str, window: Window, cursor: str | None) -> dict[str, Any]:
    query: dict[str, str | int] = {
        "updated_since": window.start.isoformat(),
        "updated_before": window.end.isoformat(),
        "limit": PAGE_ROWS,
        **({"cursor": cursor} if cursor else {}),
    }
    response = session.get(f"{base_url}/catalog/v1/products", params=query)
    response.raise_for_status()
    try:
        page = response.json()
    except requests.JSONDecodeError:
        raise SourceError(
            f"catalog: {response.url} answered {response.text[:80]!r}, which is not JSON or only the beginning of it"
        ) from None
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        raise SourceError(f"catalog: {response.url} answered a page without a list of items")
    if "next_cursor" not in page:  # null on the last page: without it nobody knows whether this one is
        raise SourceError(f"catalog: {response.url} answered a page without next_cursor; what follows it is unknown")
    return page


def _batch(items: list[dict[str, Any]]) -> pa.RecordBatch:
    """A page as Arrow: known columns as the API documents them, unknown ones as text, absent ones left out."""
    names = list(dict.fromkeys(name for item in items for name in item))
    arrays = []
    for name in names:
        values = [item.get(name) for item in items]
        try:
            arrays.append(pa.array(values, _COLUMNS.get(name)))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise SourceError(f"catalog: column {name} was retyped; expected {_COLUMNS[name]}: {error}") from error
    return pa.RecordBatch.from_arrays(arrays, names=names)
