"""Web events from the Google Analytics 4 export in BigQuery, one table a day, flattened into columns."""

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.bigquery_pages import record_batches
from include.lake import DayVersion
from include.sources import DayTotal, Extract, SourceError
from include.window import Window

TABLES = ("web_events",)
PAGE_ROWS = 2_000  # a page is parsed whole: larger ones cost memory and save nothing
_MONEY = pa.decimal128(18, 4)
_CENT_OF_CENT = Decimal("0.0001")
TABLE_SECONDS, PAGE_SECONDS = 60, 120  # time limits of one call
RETRIED_SECONDS = 600  # so long a call is tried again, with back-off and jitter, on 429, 5xx and broken connections
REWRITTEN_DAYS = 3  # Google Analytics rewrites a day's table for up to 72 hours
FIELDS = (
    "event_date",
    "event_timestamp",
    "event_name",
    "event_params",
    "event_bundle_sequence_id",
    "batch_event_index",
    "user_id",
    "user_pseudo_id",
    "device",
    "geo",
    "traffic_source",
    "ecommerce",
    "items",
)


class ExportMissing(SourceError):
    """Google Analytics has not written a day's table yet."""


def extract(client: Any, dataset: str, window: Window, published: Mapping[date, datetime]) -> Extract:
    """Events of the window's days, and of the three days before where the export is newer than what was published.

    `client` is a BigQuery client, `dataset` "project.dataset", `published` the export times (UTC) by day.

    Raises:
        ExportMissing: a day of the window has no table.
        SourceError: a table gave other rows than it says it holds.
    """
    exports = list(_exports(client, dataset, window, published))
    days = [DayVersion(day.isoformat(), _modified(table).isoformat()) for day, table in exports]
    return Extract(_batches(client, exports), days)


def table_id(dataset: str, day: date) -> str:
    """Full id of a day's export table."""
    return f"{dataset}.events_{day:%Y%m%d}"


def _exports(client: Any, dataset: str, window: Window, published: Mapping[date, datetime]) -> Iterator[tuple]:
    from google.api_core.exceptions import NotFound

    days = list(window.days())
    for day in [days[0] - timedelta(days=back) for back in range(REWRITTEN_DAYS, 0, -1)]:
        if day in published:
            table = _table(client, dataset, day)
            if _modified(table) > published[day].replace(tzinfo=UTC):
                yield day, table
    for day in days:
        try:
            yield day, _table(client, dataset, day)
        except NotFound:
            raise ExportMissing(
                f"{table_id(dataset, day)} does not exist: Google Analytics has not exported {day} yet; "
                "check the BigQuery link of the property, then clear this task"
            ) from None


def _table(client: Any, dataset: str, day: date) -> Any:
    return client.get_table(table_id(dataset, day), timeout=TABLE_SECONDS, retry=_retry())


def _retry() -> Any:
    from google.cloud.bigquery import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(RETRIED_SECONDS)


def _modified(table: Any) -> datetime:
    return table.modified.astimezone(UTC)


def _batches(client: Any, exports: list[tuple]) -> Generator[pa.RecordBatch]:
    for day, table in exports:
        wanted = [field for field in table.schema if field.name in FIELDS]
        rows = client.list_rows(
            table, selected_fields=wanted, page_size=PAGE_ROWS, timeout=PAGE_SECONDS, retry=_retry()
        )
        seen: dict[bytes, int] = {}
        read = 0
        for batch in record_batches(rows):
            read += batch.num_rows
            if batch.num_rows:
                yield flatten(batch, day, _modified(table), seen)
        if read != table.num_rows:
            raise SourceError(
                f"web_events: the export of {day} gave {read:,} rows, but its table {table.table_id} says it holds "
                f"{table.num_rows:,}: a page came short, or Google Analytics wrote the table anew meanwhile"
            )


def flatten(batch: pa.RecordBatch, day: date, exported_at: datetime, seen: dict[bytes, int]) -> pa.RecordBatch:
    """One batch of an export table in the columns of the contract; `seen` counts the event ids of the day so far."""
    missing = [name for name in FIELDS if name not in batch.schema.names]
    if missing:
        raise SourceError(f"web_events: the export of {day} lacks the columns {', '.join(missing)}")
    size = batch.num_rows
    parameters = _Parameters(batch.column("event_params"))
    sequence = pc.coalesce(batch.column("batch_event_index"), batch.column("event_bundle_sequence_id"), pa.scalar(0))
    revenue = pc.struct_field(batch.column("ecommerce"), "purchase_revenue")
    columns = {
        "event_id": _event_ids(batch, seen),
        "event_day": pa.repeat(pa.scalar(day, pa.date32()), size),
        "event_at": batch.column("event_timestamp").cast(pa.timestamp("us")),
        "event_name": batch.column("event_name"),
        "event_sequence": sequence,
        "user_pseudo_id": batch.column("user_pseudo_id"),
        "user_id": batch.column("user_id"),
        "session_id": parameters.value("ga_session_id", "int_value"),
        "session_number": parameters.value("ga_session_number", "int_value"),
        "page_location": _without_query(parameters.value("page_location", "string_value")),
        "items": _items(batch.column("items")),
        "transaction_id": pc.struct_field(batch.column("ecommerce"), "transaction_id"),
        "purchase_revenue": _money(revenue),
        "device_category": pc.struct_field(batch.column("device"), "category"),
        "country": pc.struct_field(batch.column("geo"), "country"),
        "traffic_source": pc.struct_field(batch.column("traffic_source"), "source"),
        "traffic_medium": pc.struct_field(batch.column("traffic_source"), "medium"),
        "experiment_id": parameters.value("experiment_id", "string_value"),
        "experiment_variant": parameters.value("variant_id", "string_value"),
        "exported_at": pa.repeat(pa.scalar(exported_at.replace(tzinfo=None), pa.timestamp("us")), size),
    }
    return pa.RecordBatch.from_pydict(columns)


class _Parameters:
    """The repeated key-value records of `event_params`, looked up by key."""

    def __init__(self, column: pa.Array) -> None:
        self._size = len(column)
        self._rows = pc.list_parent_indices(column)
        entries = pc.list_flatten(column)
        self._keys = pc.struct_field(entries, "key")
        self._values = pc.struct_field(entries, "value")

    def value(self, key: str, kind: str) -> pa.Array:
        """Value of a parameter for each event, null where it has none; the first one where it is repeated."""
        mask = pc.equal(self._keys, key)
        rows = pc.filter(self._rows, mask)
        values = pc.struct_field(pc.filter(self._values, mask), kind)
        positions = pc.index_in(pa.array(range(self._size), rows.type), rows)
        return pc.take(values, positions)


def _without_query(locations: pa.Array) -> pa.Array:
    # Addresses typed into forms, e-mail included, reach analytics through query strings.
    return pc.replace_substring_regex(locations, r"[?#].*$", "")


def _money(values: pa.Array) -> pa.Array:
    """Money of a FLOAT64 column, the only type that the export knows: the nearest amount of four decimals."""
    exact = [None if value is None else Decimal(repr(value)).quantize(_CENT_OF_CENT) for value in values.to_pylist()]
    return pa.array(exact, _MONEY)


def _items(column: pa.Array) -> pa.Array:
    def text(items: list[dict] | None) -> str | None:
        if not items:
            return None
        kept = [
            {
                "item_id": item["item_id"],
                "price": None if item["price"] is None else f"{item['price']:.4f}",
                "quantity": item["quantity"],
            }
            for item in items
        ]
        return json.dumps(kept, separators=(",", ":"))

    return pa.array([text(items) for items in column.to_pylist()], pa.string())


def _event_ids(batch: pa.RecordBatch, seen: dict[bytes, int]) -> pa.Array:
    names = ("user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id", "batch_event_index")
    columns = [pc.fill_null(batch.column(name).cast(pa.string()), "") for name in names]
    identities = pc.binary_join_element_wise(*columns, "|").to_pylist()
    ids = []
    for identity in identities:
        digest = hashlib.blake2b(identity.encode(), digest_size=16)
        repeat = seen.get(digest.digest(), 0)
        seen[digest.digest()] = repeat + 1
        ids.append(digest.hexdigest() if repeat == 0 else f"{digest.hexdigest()}-{repeat}")
    return pa.array(ids, pa.string())


def totals(client: Any, dataset: str, window: Window) -> list[DayTotal]:
    """Events of each day's table in the window; days without a table are left out."""
    from google.api_core.exceptions import NotFound

    found = []
    for day in window.days():
        try:
            table = _table(client, dataset, day)
        except NotFound:
            continue
        found.append(DayTotal(day, int(table.num_rows), Decimal(0)))
    return found
