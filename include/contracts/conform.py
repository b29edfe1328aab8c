"""Bring a source's Arrow batches to a contract's columns and types, and say precisely where they differ."""

import json
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Contract

_ARROW = {
    "varchar": pa.string(),
    "number(18, 4)": pa.decimal128(18, 4),
    "number(18, 0)": pa.int64(),
    "timestamp_ntz": pa.timestamp("us"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}


REMEDY = (
    "Nothing was published. Ask the source's owner what became of the column, have it mended or change "
    "include/contracts, then clear the extract task"
)


class SchemaDrift(Exception):
    """The source's columns no longer fit the contract. Nothing of the batch was kept."""


def arrow_schema(contract: Contract) -> pa.Schema:
    """Columns of a batch's Parquet files: the contract's, then `_extra` (JSON of unknown columns) and `_row_number`."""
    fields = [pa.field(column.name, _ARROW[column.type]) for column in contract.columns]
    return pa.schema([*fields, pa.field("_extra", pa.string()), pa.field("_row_number", pa.int64())])


def conform(batches: Iterable[pa.RecordBatch], contract: Contract) -> Iterator[pa.RecordBatch]:
    """Batches in the contract's columns and types, rows numbered from 1; timestamps become naive UTC.

    Raises:
        SchemaDrift: a column is missing, or holds what its type cannot express without loss.
    """
    schema = arrow_schema(contract)
    rows = 0
    for batch in batches:
        columns = [_column(batch, field, contract) for field in schema if field.name in contract.column_names]
        numbers = pa.array(np.arange(rows + 1, rows + 1 + batch.num_rows))
        yield pa.RecordBatch.from_arrays([*columns, _extra(batch, contract), numbers], schema=schema)
        rows += batch.num_rows


def unknown_columns(batch: pa.RecordBatch, contract: Contract) -> list[str]:
    """Columns of the source that the contract does not know."""
    return [name for name in batch.schema.names if name not in contract.column_names]


def _column(batch: pa.RecordBatch, field: pa.Field, contract: Contract) -> pa.Array:
    position = batch.schema.get_field_index(field.name)
    if position < 0:
        raise SchemaDrift(
            f"{contract.table}: column {field.name} is missing; expected {field.type}, "
            f"found only {', '.join(batch.schema.names)}. {REMEDY}"
        )
    values = batch.column(position)
    try:
        return _cast(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        retyped = f"{contract.table}: column {field.name} was retyped; expected {field.type}, found {values.type}"
        if contract.schema == "pii":  # the error quotes a value
            raise SchemaDrift(f"{retyped}. {REMEDY}") from None
        raise SchemaDrift(f"{retyped}: {error}. {REMEDY}") from error


def _cast(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if values.type == wanted or pa.types.is_null(values.type):
        return values.cast(wanted)
    if pa.types.is_floating(values.type) and not pa.types.is_floating(wanted):
        raise pa.ArrowInvalid("a float cannot hold money or counts exactly")
    if pa.types.is_timestamp(wanted) and pa.types.is_timestamp(values.type) and values.type.tz is not None:
        return values.cast(pa.timestamp("us", tz="UTC")).cast(wanted)
    if pa.types.is_timestamp(wanted) and pa.types.is_string(values.type):
        utc = pc.replace_substring_regex(values, r"\+00:?00$", "Z")
        return utc.cast(pa.timestamp("us", tz="UTC")).cast(wanted)
    if pa.types.is_string(wanted) and not pa.types.is_string(values.type) and not pa.types.is_large_string(values.type):
        raise pa.ArrowInvalid("a text column holds something else")
    return values.cast(wanted)


def _extra(batch: pa.RecordBatch, contract: Contract) -> pa.Array:
    names = unknown_columns(batch, contract)
    if not names:
        return pa.nulls(batch.num_rows, pa.string())
    rows = batch.select(names).to_pylist()
    return pa.array([json.dumps(row, default=str, sort_keys=True) for row in rows], pa.string())
