"""Results in the form the connector reads: column types, and Arrow with Snowflake's own encodings."""

import json
from base64 import b64encode
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.arrow import to_ipc, to_sf_schema
from fakesnow.rowtype import ColumnInfo, describe_as_rowtype
from fakesnow.statement_type import DML_TYPE_IDS

# Types that fakesnow does not name, in terms of one that it does.
SAME_AS = {
    "TINYINT": "BIGINT",
    "SMALLINT": "BIGINT",
    "UTINYINT": "BIGINT",
    "USMALLINT": "BIGINT",
    "UINTEGER": "BIGINT",
    "UHUGEINT": "HUGEINT",
    "FLOAT": "DOUBLE",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "INTERVAL": "VARCHAR",
    "UUID": "VARCHAR",
}
MICROSECONDS = 1_000_000
UTC_OFFSET = 1440  # minutes, counted by Snowflake from −24 h


def row_type(description: list[tuple[Any, ...]]) -> list[ColumnInfo]:
    """Column types of a DuckDB result, as Snowflake reports them."""
    return describe_as_rowtype(
        [(name, _duckdb_type(str(kind)), None, None, None, None) for name, kind, *_ in description]
    )


def payload(table: pa.Table | None, columns: list[ColumnInfo], statement_type: int) -> dict[str, Any]:
    """The rows of a result: JSON for the counts of a DML statement, else Arrow."""
    if table is None:
        return {"queryResultFormat": "arrow", "rowsetBase64": ""}
    if statement_type in DML_TYPE_IDS:
        rows = zip(*[column.to_pylist() for column in table.columns], strict=True)
        rowset = [[None if value is None else str(value) for value in row] for row in rows]
        return {"queryResultFormat": "json", "rowset": rowset}
    return {"queryResultFormat": "arrow", "rowsetBase64": b64encode(to_ipc(_encode(table, columns))).decode()}


def _duckdb_type(name: str) -> str:
    if name.endswith("]") or name.startswith(("STRUCT", "MAP")):
        return "JSON"
    return SAME_AS.get(name, name)


def _encode(table: pa.Table, columns: list[ColumnInfo]) -> pa.Table:
    arrays = [_encode_column(column.combine_chunks()) for column in table.columns]
    plain = pa.schema([pa.field(name, array.type) for name, array in zip(table.column_names, arrays, strict=True)])
    schema = to_sf_schema(plain, columns)
    return pa.Table.from_arrays(arrays, schema=schema)


def _encode_column(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _timestamp_struct(column)
    if pa.types.is_time(kind):
        return pc.multiply(column.cast(pa.time64("us")).cast(pa.int64()), 1000)
    if pa.types.is_null(kind) or pa.types.is_interval(kind):
        return column.cast(pa.string())
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else json.dumps(v, default=str) for v in column.to_pylist()], pa.string())
    if pa.types.is_float32(kind):
        return column.cast(pa.float64())
    if pa.types.is_uint64(kind):
        return column.cast(pa.int64(), safe=False)
    return column


def _timestamp_struct(column: pa.Array) -> pa.Array:
    """Seconds and nanoseconds since 1970, as a struct that is null where the timestamp is.

    A struct without a null mask would show a NULL timestamp as 1970-01-01.
    """
    zone = column.type.tz
    seconds = pc.floor_temporal(column, unit="second").cast(pa.timestamp("s", zone)).cast(pa.int64())
    microseconds = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    fraction = pc.multiply(pc.subtract(microseconds, pc.multiply(seconds, MICROSECONDS)), 1000).cast(pa.int32())
    arrays = [pc.fill_null(seconds, 0), pc.fill_null(fraction, 0)]
    fields = [pa.field("epoch", pa.int64(), nullable=False), pa.field("fraction", pa.int32(), nullable=False)]
    if zone:
        arrays.append(pa.array([UTC_OFFSET] * len(column), pa.int32()))
        fields.append(pa.field("timezone", pa.int32(), nullable=False))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=pc.is_null(column))
