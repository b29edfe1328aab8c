"""COPY INTO a location: the rows of a table or a query to files on S3, typed and named as Snowflake writes them."""

import gzip
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from fakesnow.transforms.options import parse_options
from snowflake.connector.errors import ProgrammingError
from sqlglot import Expr, exp

from local.snowflake import copying
from local.snowflake.functions import strftime_format

if TYPE_CHECKING:
    from local.snowflake.session import Session

ROWS_AT_ONCE = 20_000
DEFAULT_FILE_BYTES = 16_777_216
PARQUET_COMPRESSION = {"AUTO": "snappy", "SNAPPY": "snappy", "NONE": "none"}
CSV_COMPRESSION = {"AUTO": ".gz", "GZIP": ".gz", "NONE": ""}
CSV_DEFAULTS: dict[str, Any] = {
    "FIELD_DELIMITER": ",",
    "RECORD_DELIMITER": "\n",
    "FIELD_OPTIONALLY_ENCLOSED_BY": "NONE",
    "NULL_IF": ["\\N"],
    "DATE_FORMAT": "YYYY-MM-DD",
    "TIMESTAMP_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "EMPTY_FIELD_AS_NULL": True,
}
KNOWN_OPTIONS = {
    "CSV": {"TYPE", "COMPRESSION", "FILE_EXTENSION", "SKIP_HEADER", "ESCAPE_UNENCLOSED_FIELD", *CSV_DEFAULTS},
    "PARQUET": {"TYPE", "COMPRESSION", "SNAPPY_COMPRESSION"},
}


@dataclass
class Options:
    """Options of an unload, with Snowflake's defaults."""

    format: dict[str, Any] = field(default_factory=dict)
    header: bool = False
    overwrite: bool = False
    single: bool = False
    include_query_id: bool = False
    detailed_output: bool = False
    max_file_size: int = DEFAULT_FILE_BYTES

    @property
    def type(self) -> str:
        return str(self.format.get("TYPE", "CSV")).upper()

    @property
    def compression(self) -> str:
        return str(self.format.get("COMPRESSION", "AUTO")).upper()


@dataclass
class Unloaded:
    """One file: where it is locally, its name within the stage, rows, bytes before and after compression."""

    path: Path
    rows: int
    input_bytes: int
    name: str = ""

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size


def location(copy: exp.Copy) -> str | None:
    """The stage and path that a COPY statement writes to (no @), or None when it loads a table."""
    target = copy.this.this if isinstance(copy.this, exp.Table) else copy.this
    if isinstance(target, (exp.Var, exp.Literal)) and target.name.startswith("@"):
        return target.name.removeprefix("@")
    return None


def query(copy: exp.Copy) -> Expr:
    """The query whose rows a COPY statement unloads."""
    source = copy.args["files"][0]
    found = source.unnest() if isinstance(source, exp.Subquery) else exp.select("*").from_(source)
    return found.copy()


def unload(
    copy: exp.Copy, session: "Session", query_id: str, read: Callable[[], pa.RecordBatchReader]
) -> tuple[pa.Table, int]:
    """Write what `read` yields to files in the statement's location; no rows make no file.

    Raises:
        ProgrammingError: the stage does not exist, a file is in the way, or a column cannot be written.
    """
    options = _options(copy, session)
    reference = str(location(copy))
    base = copying.stage_url(reference, session, session._duck_conn)
    if not base.startswith("s3://"):
        raise NotImplementedError("COPY INTO a location that is not on S3")
    folder, _, prefix = base.rpartition("/")
    within = reference.partition("/")[2].rpartition("/")[0]
    with tempfile.TemporaryDirectory(prefix="unload_") as directory:
        with read() as rows:  # a result that is not read to its end would stand in the way of the next statement
            files = list(_written(rows, options, Path(directory)))
        for number, file in enumerate(files):
            file.name = _file_name(prefix, number, query_id, options)
        urls = [f"{folder}/{file.name}" for file in files]
        if not options.overwrite and (existing := [url for url in urls if session.filesystem.exists(url)]):
            raise _refused(
                f"Files already existing at the unloading destination: {existing[0]}. "
                "Use overwrite option to force unloading."
            )
        if files:
            session.filesystem.put([str(file.path) for file in files], urls)
        return _report(files, within, options), sum(file.rows for file in files)


def _options(copy: exp.Copy, session: "Session") -> Options:
    options = Options()
    for parameter in copy.args.get("params") or []:
        name, value = parameter.this.name.lower(), parameter.expression
        if name == "file_format":
            options.format = copying.file_format(parse_options(parameter.expressions), session)
        elif name == "max_file_size":
            options.max_file_size = int(value.name)
        elif name in {"header", "overwrite", "single", "include_query_id", "detailed_output"}:
            setattr(options, name, value.this is True or value.name.upper() == "TRUE")
        else:
            raise NotImplementedError(f"COPY INTO a location with {name.upper()}")
    if options.type not in KNOWN_OPTIONS:
        raise NotImplementedError(f"COPY INTO a location as {options.type}")
    if unknown := sorted(set(options.format) - KNOWN_OPTIONS[options.type]):
        raise NotImplementedError(f"COPY INTO a location as {options.type} with {', '.join(unknown)}")
    known = PARQUET_COMPRESSION if options.type == "PARQUET" else CSV_COMPRESSION
    if options.compression not in known:
        raise NotImplementedError(f"COPY INTO a location with COMPRESSION = {options.compression}")
    if options.include_query_id and (options.overwrite or options.single):
        raise _refused("INCLUDE_QUERY_ID = TRUE is not supported with OVERWRITE = TRUE or SINGLE = TRUE.")
    return options


def _written(reader: pa.RecordBatchReader, options: Options, directory: Path) -> Iterator[Unloaded]:
    """The rows as local files, each closed once it is as large as a file may be."""
    kind = _ParquetFile if options.type == "PARQUET" else _CsvFile
    writer: _ParquetFile | _CsvFile | None = None
    files = 0
    for batch in reader:
        if not batch.num_rows:
            continue
        if writer is None:
            writer = kind(directory / f"{files:05d}", batch.schema, options)
            files += 1
        writer.write(batch)
        if not options.single and writer.bytes >= options.max_file_size:
            yield writer.close()
            writer = None
    if writer is not None:
        yield writer.close()


class _ParquetFile:
    """A Parquet file with Snowflake's types: NUMBER is a decimal, a time of day has milliseconds, VARIANT is text."""

    def __init__(self, path: Path, schema: pa.Schema, options: Options) -> None:
        names = schema.names if options.header else [f"_COL_{number}" for number in range(len(schema))]
        self._schema = pa.schema([pa.field(name, _parquet_type(f)) for name, f in zip(names, schema, strict=True)])
        self._path, self._rows, self._input = path, 0, 0
        self._writer = pq.ParquetWriter(path, self._schema, compression=PARQUET_COMPRESSION[options.compression])

    @property
    def bytes(self) -> int:
        return self._path.stat().st_size

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [
            # A finer time is cut off, not rounded and not refused.
            column.cast(f.type, safe=not pa.types.is_timestamp(f.type) and not pa.types.is_time(f.type))
            for column, f in zip(batch.columns, self._schema, strict=True)
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._rows += batch.num_rows
        self._input += batch.nbytes

    def close(self) -> Unloaded:
        self._writer.close()
        return Unloaded(self._path, self._rows, self._input)


def _parquet_type(column: pa.Field) -> pa.DataType:
    kind = column.type
    if pa.types.is_timestamp(kind):
        if kind.tz:
            raise _refused(
                "Error encountered when unloading to PARQUET: TIMESTAMP_TZ and LTZ types are not supported for "
                "unloading to Parquet. value get: TIMESTAMP_TZ"
            )
        return pa.timestamp("ms")
    if pa.types.is_integer(kind):
        return pa.decimal128(38, 0)
    if pa.types.is_time(kind):
        return pa.time32("ms")
    if pa.types.is_float32(kind):
        return pa.float64()
    if pa.types.is_nested(kind):
        raise NotImplementedError(f"unloading the ARRAY or OBJECT column {column.name}")
    return pa.string() if pa.types.is_null(kind) else kind


class _CsvFile:
    """A CSV file: text in quotes if there are any to be used, a quote within doubled, NULL as NULL_IF says."""

    def __init__(self, path: Path, schema: pa.Schema, options: Options) -> None:
        chosen = CSV_DEFAULTS | options.format
        self._delimiter, self._end = str(chosen["FIELD_DELIMITER"]), str(chosen["RECORD_DELIMITER"])
        quote = str(chosen["FIELD_OPTIONALLY_ENCLOSED_BY"])
        self._quote = "" if quote.upper() == "NONE" else quote
        null_if = chosen["NULL_IF"]
        values = null_if if isinstance(null_if, list) else [null_if]
        self._null = str(values[0]) if values else ""
        self._render = [self._renderer(column.type, chosen) for column in schema]
        self._path, self._rows, self._input = path, 0, 0
        opened = gzip.open if CSV_COMPRESSION[options.compression] else open
        self._file: Any = opened(path, "wb")
        if options.header:
            self._line([self._text(name) for name in schema.names])

    @property
    def bytes(self) -> int:
        return self._path.stat().st_size

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [
            [self._null if value is None else render(value) for value in column.to_pylist()]
            for column, render in zip(batch.columns, self._render, strict=True)
        ]
        for row in zip(*columns, strict=True):
            self._line(list(row))
        self._rows += batch.num_rows

    def close(self) -> Unloaded:
        self._file.close()
        return Unloaded(self._path, self._rows, self._input)

    def _line(self, fields: list[str]) -> None:
        line = (self._delimiter.join(fields) + self._end).encode()
        self._input += len(line)
        self._file.write(line)

    def _text(self, value: str) -> str:
        if self._quote:
            return f"{self._quote}{value.replace(self._quote, self._quote * 2)}{self._quote}"
        escaped = value.replace("\\", "\\\\")
        for special in (self._delimiter, "\n", "\r"):
            escaped = escaped.replace(special, f"\\{special}")
        return escaped

    def _renderer(self, kind: pa.DataType, chosen: dict[str, Any]) -> Callable[[Any], str]:
        if pa.types.is_boolean(kind):
            return lambda value: "true" if value else "false"
        if pa.types.is_decimal(kind):
            return lambda value: f"{value:f}" if isinstance(value, Decimal) else str(value)
        if pa.types.is_timestamp(kind):
            return self._moment(str(chosen["TIMESTAMP_FORMAT"]))
        if pa.types.is_date(kind):
            return self._moment(str(chosen["DATE_FORMAT"]))
        if pa.types.is_binary(kind):
            return lambda value: value.hex().upper()
        if pa.types.is_nested(kind):
            raise NotImplementedError("unloading an ARRAY or OBJECT column")
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_time(kind):
            return str
        return self._text

    @staticmethod
    def _moment(pattern: str) -> Callable[[Any], str]:
        # Python has no directive for milliseconds, DuckDB's is %g.
        parts = strftime_format(pattern).split("%g")

        def render(value: Any) -> str:
            middle = f"{value.microsecond // 1000:03d}" if isinstance(value, datetime) else ""
            return middle.join(value.strftime(part) if part else "" for part in parts)

        return render


def _file_name(prefix: str, number: int, query_id: str, options: Options) -> str:
    if options.single:
        return prefix or "data"
    unique = f"{query_id}_" if options.include_query_id else ""
    if options.type == "PARQUET":
        ending = ".snappy.parquet" if PARQUET_COMPRESSION[options.compression] == "snappy" else ".parquet"
    else:
        ending = options.format.get("FILE_EXTENSION") or f"csv{CSV_COMPRESSION[options.compression]}"
        ending = f".{str(ending).lstrip('.')}"
    return f"{prefix or 'data'}_{unique}0_{number}_0{ending}"


def _report(files: list[Unloaded], within: str, options: Options) -> pa.Table:
    if options.detailed_output:
        names = [f"{within}/{file.name}" if within else file.name for file in files]
        return pa.table(
            {
                "FILE_NAME": pa.array(names, pa.string()),
                "FILE_SIZE": pa.array([file.bytes for file in files], pa.int64()),
                "ROW_COUNT": pa.array([file.rows for file in files], pa.int64()),
            }
        )
    totals = {
        "rows_unloaded": sum(file.rows for file in files),
        "input_bytes": sum(file.input_bytes for file in files),
        "output_bytes": sum(file.bytes for file in files),
    }
    return pa.table({name: pa.array([total], pa.int64()) for name, total in totals.items()})


def _refused(message: str) -> ProgrammingError:
    return ProgrammingError(msg=f"SQL compilation error:\n{message}", errno=1030, sqlstate="22000")
