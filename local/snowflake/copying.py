"""COPY INTO a table from the lake, and LIST of a stage."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from fakesnow.expr import normalise_ident
from fakesnow.transforms.file_format import lookup_file_format
from fakesnow.transforms.options import parse_options
from fakesnow.transforms.stage import not_found_error, parts_from_var
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

if TYPE_CHECKING:
    from local.snowflake.session import Session

HISTORY = "_fs_information_schema._fs_load_history"
MATCHES = {"CASE_INSENSITIVE", "CASE_SENSITIVE"}


@dataclass
class Options:
    """Options of a COPY statement."""

    files: list[str] = field(default_factory=list)
    pattern: str | None = None
    format: dict[str, Any] = field(default_factory=dict)
    match_by_column_name: str = "NONE"
    force: bool = False
    purge: bool = False


@dataclass
class Loaded:
    """What became of one file: `rows` were read from it, or it was skipped as loaded before."""

    url: str
    rows: int
    skipped: bool = False


def is_external(copy: exp.Copy, session: "Session") -> bool:
    """Whether the statement loads Parquet files straight from a stage that lies on S3."""
    reference = _stage_reference(copy)
    if reference is None or isinstance(copy.this, exp.Var):
        return False
    url = stage_url(reference, session, session._duck_conn)
    return url.startswith("s3://") and _options(copy, session).format.get("TYPE", "").upper() == "PARQUET"


def copy_into(copy: exp.Copy, session: "Session", connection: duckdb.DuckDBPyConnection) -> tuple[pa.Table, int]:
    """Load the files the statement names, all or none.

    Raises:
        ProgrammingError: a file is missing, is not Parquet, or does not fit the table; nothing was loaded.
    """
    options = _options(copy, session)
    table = copy.this.this if isinstance(copy.this, exp.Schema) else copy.this
    name = session.full_name(table)
    base = stage_url(str(_stage_reference(copy)), session, connection)
    urls = [base + file for file in options.files] or _matching(session, base, options.pattern)
    if not urls:
        return pa.table({"status": ["Copy executed with 0 files processed."]}), 0
    seen = set() if options.force else _loaded_before(connection, name)
    with _downloaded(session, [url for url in urls if url not in seen]) as files:
        loaded = [Loaded(url, _row_count(url, files[url])) if url in files else Loaded(url, 0, True) for url in urls]
        if files:
            _insert(connection, name, list(files.values()), options)
            _remember(connection, name, loaded)
    if options.purge:
        session.filesystem.rm([url for url in urls if url not in seen])
    return _report(loaded), sum(file.rows for file in loaded)


def list_stage(
    statement: exp.ListStage, session: "Session", connection: duckdb.DuckDBPyConnection
) -> tuple[pa.Table, int]:
    """Name, size, md5 and time of every file under a stage's path."""
    reference = statement.this.name.strip("'").removeprefix("@")
    url = stage_url(reference, session, connection)
    found = _objects(session, url)
    rows = {
        "name": pa.array([f"s3://{entry['name']}" for entry in found], pa.string()),
        "size": pa.array([int(entry["size"]) for entry in found], pa.int64()),
        "md5": pa.array([str(entry.get("ETag", "")).strip('"') for entry in found], pa.string()),
        "last_modified": pa.array(
            [entry["LastModified"].strftime("%a, %d %b %Y %H:%M:%S GMT") for entry in found], pa.string()
        ),
    }
    return pa.table(rows), len(found)


def stage_url(reference: str, session: "Session", connection: duckdb.DuckDBPyConnection) -> str:
    """The address of `db.schema.stage/path` (no @), or '' for a stage that is not external.

    Raises:
        ProgrammingError: the stage does not exist.
    """
    stage, _, path = reference.partition("/")
    database, schema, name = parts_from_var(stage, session.database, session.schema)
    row = connection.execute(
        "SELECT url FROM _fs_global._fs_information_schema._fs_stages "
        "WHERE database_name = ? AND schema_name = ? AND name = ?",
        [database, schema, name],
    ).fetchone()
    if row is None:
        if name.startswith(("%", "~")):
            return ""
        raise not_found_error(f"{database}.{schema}.{name}")
    return f"{row[0].rstrip('/')}/{path}" if row[0] else ""


def _stage_reference(copy: exp.Copy) -> str | None:
    """The stage and path that files are read from, written bare or, as a path with special characters needs, quoted."""
    source = copy.args["files"][0]
    if isinstance(source, exp.Table):
        source = source.this
    is_named = isinstance(source, (exp.Var, exp.Literal)) and source.name.startswith("@")
    return source.name.removeprefix("@") if is_named else None


def _options(copy: exp.Copy, session: "Session") -> Options:
    options = Options()
    for parameter in copy.args.get("params") or []:
        name = parameter.this.name.upper()
        value = parameter.expression
        if name == "FILES":
            options.files = [literal.name for literal in parameter.find_all(exp.Literal)]
        elif name == "PATTERN":
            options.pattern = value.name
        elif name == "FILE_FORMAT":
            options.format = file_format(parse_options(parameter.expressions), session)
        elif name == "MATCH_BY_COLUMN_NAME":
            options.match_by_column_name = value.name.upper()
        elif name in {"FORCE", "PURGE"}:
            setattr(options, name.lower(), value.this is True or value.name.upper() == "TRUE")
        elif name == "ON_ERROR" and value.name.upper() != "ABORT_STATEMENT":
            raise NotImplementedError(f"COPY with ON_ERROR = {value.name}")
    return options


def file_format(options: dict[str, Any], session: "Session") -> dict[str, Any]:
    """Options of a FILE_FORMAT, with those of the named format that it refers to."""
    if name := options.pop("FORMAT_NAME", None):
        return {**lookup_file_format(session._duck_conn, str(name), session.database, session.schema), **options}
    return options


def _objects(session: "Session", url: str) -> list[dict[str, Any]]:
    """Objects whose address begins with `url`, in order of name."""
    address = urlparse(url)
    client = session.filesystem
    found = client.find(address.netloc, prefix=address.path.lstrip("/"), detail=True, refresh=True)
    return [found[name] for name in sorted(found)]


def _matching(session: "Session", base: str, pattern: str | None) -> list[str]:
    urls = [f"s3://{entry['name']}" for entry in _objects(session, base)]
    if pattern is None:
        return urls
    # Snowflake matches the whole path after the stage's address, and needs doubled backslashes in the text.
    expression = re.compile(pattern.replace("\\\\", "\\"))
    return [url for url in urls if expression.fullmatch(url.removeprefix(base)) or expression.fullmatch(url)]


@contextmanager
def _downloaded(session: "Session", urls: list[str]) -> Iterator[dict[str, Path]]:
    """Copies of the files on local disk, for as long as the block runs: constant memory, one request a file."""
    with tempfile.TemporaryDirectory(prefix="copy_into_") as directory:
        files = {url: Path(directory) / f"{number:05d}.parquet" for number, url in enumerate(urls)}
        try:
            session.filesystem.get(list(files), [str(path) for path in files.values()])
        except FileNotFoundError:
            missing = [url for url in files if not session.filesystem.exists(url)]
            raise ProgrammingError(
                msg=f"Remote file '{', '.join(missing)}' was not found. If you are running a copy command, please make "
                "sure files are not deleted when they are being loaded.",
                errno=91016,
                sqlstate="22000",
            ) from None
        yield files


def _row_count(url: str, path: Path) -> int:
    try:
        return pq.read_metadata(path).num_rows
    except pa.ArrowInvalid as error:
        raise ProgrammingError(
            msg=f"Error parsing the parquet file: {error}\n  File '{url}'", errno=100152, sqlstate="22000"
        ) from None


def _insert(connection: duckdb.DuckDBPyConnection, table: str, files: list[Path], options: Options) -> None:
    listed = ", ".join(f"'{path}'" for path in files)
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    held = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    wanted = connection.execute(f"DESCRIBE {_quoted(table)}").fetchall()
    if options.match_by_column_name not in MATCHES:
        raise ProgrammingError(
            msg="SQL compilation error:\nPARQUET file format can produce one and only one column of type variant, "
            "object, or array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option.",
            errno=2019,
            sqlstate="0A000",
        )
    exact = options.match_by_column_name == "CASE_SENSITIVE"
    available = {name if exact else name.upper(): (name, kind) for name, kind, *_ in held}
    columns = {name: available[key] for name, *_ in wanted if (key := name if exact else name.upper()) in available}
    types = {name: kind for name, kind, *_ in wanted}
    if columns:
        targets = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(_value(*columns[name], types[name]) for name in columns)
        connection.execute(f"INSERT INTO {_quoted(table)} ({targets}) SELECT {values} FROM {source}")
    else:
        rows = sum(pq.read_metadata(path).num_rows for path in files)
        first = f'"{wanted[0][0]}"'
        connection.execute(f"INSERT INTO {_quoted(table)} ({first}) SELECT NULL FROM range({rows})")


def _value(name: str, held: str, wanted: str) -> str:
    """Text loaded into a VARIANT stays text, and is not read as JSON."""
    column = f'"{name}"'
    return f"to_json({column})" if wanted == "JSON" and held != "JSON" else column


def _loaded_before(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    database, schema, name = table.split(".")
    rows = connection.execute(
        f'SELECT file_name FROM "{database}".{HISTORY} WHERE schema_name = ? AND table_name = ?', [schema, name]
    ).fetchall()
    return {row[0] for row in rows}


def _remember(connection: duckdb.DuckDBPyConnection, table: str, loaded: list[Loaded]) -> None:
    database, schema, name = table.split(".")
    now = datetime.now(UTC)
    rows = [
        [schema, file.url, name, now, "LOADED", file.rows, file.rows, None, None, None, None, 0, 1]
        for file in loaded
        if not file.skipped
    ]
    marks = ", ".join("?" * 13)
    connection.executemany(f'INSERT INTO "{database}".{HISTORY} VALUES ({marks})', rows)


def _report(loaded: list[Loaded]) -> pa.Table:
    count = len(loaded)
    return pa.table(
        {
            "file": pa.array([file.url for file in loaded], pa.string()),
            "status": pa.array(["LOAD_SKIPPED" if file.skipped else "LOADED" for file in loaded], pa.string()),
            "rows_parsed": pa.array([file.rows for file in loaded], pa.int64()),
            "rows_loaded": pa.array([file.rows for file in loaded], pa.int64()),
            "error_limit": pa.array([1] * count, pa.int64()),
            "errors_seen": pa.array([0] * count, pa.int64()),
            "first_error": pa.array(
                ["File was loaded before." if file.skipped else None for file in loaded], pa.string()
            ),
            "first_error_line": pa.nulls(count, pa.int64()),
            "first_error_character": pa.nulls(count, pa.int64()),
            "first_error_column_name": pa.nulls(count, pa.string()),
        }
    )


def _quoted(table: str) -> str:
    return ".".join(f'"{normalise_ident(part)}"' for part in table.split("."))
