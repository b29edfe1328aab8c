"""Opens people's own files, Parquet, CSV or XLSX, as one DuckDB view that knows each row's file and number.

Rows are counted from 1 at the first row of data, so that row 1 of a CSV file is its second line.
"""

import codecs
import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from local.datasets.layout import DatasetError

ROW: Final = "_row"
FILE: Final = "_file"  # the number of a row's file among the source's
SHOWN: Final = 20  # problems of a source that are listed
DELIMITERS: Final = (",", ";", "\t", "|")
CHUNK: Final = 1 << 20
XLSX_CHUNK: Final = 50_000


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text for SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Source:
    """One or more files that hold the rows of one table."""

    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The file, or the folder all of them are in."""
        if len(self.paths) == 1:
            return str(self.paths[0])
        return str(self._folder)

    @property
    def _folder(self) -> Path:
        first, *others = (path.parent for path in self.paths)
        return next(
            folder for folder in (first, *first.parents) if all(other.is_relative_to(folder) for other in others)
        )

    def place(self, file: int, row: int) -> str:
        """Where a row stands, said briefly: its number, after its file where there are several."""
        if len(self.paths) == 1:
            return f"row {row}"
        return f"{self.paths[file].relative_to(self._folder)} row {row}"

    def problems(self, described: list[str], total: int) -> DatasetError:
        """The error that lists the first of `total` problems."""
        more = total - len(described)
        lines = [f"{self.name}: {total:,} problem{'s'[: total > 1]}", *(f"  {problem}" for problem in described)]
        return DatasetError("\n".join(lines + ([f"  and {more:,} more"] if more > 0 else [])))

    def unreadable(self, error: Exception) -> DatasetError:
        """The error for files that are not what their names say; DuckDB's own words, without its advice."""
        lines = [line.strip() for line in str(error).split("Possible")[0].splitlines()]
        return DatasetError(f"{self.name}: cannot be read: {' '.join(line for line in lines if line)[:500]}")

    def open(self, connection: duckdb.DuckDBPyConnection, view: str, encodings: Sequence[str] = ("utf-8",)) -> None:
        """Make the view `view` of the rows of all files, columns by name, with FILE and ROW.

        Raises:
            DatasetError: a file cannot be read as what its name says it is.
        """
        parquet = [(number, path) for number, path in enumerate(self.paths) if path.name.endswith(".parquet")]
        others = [(number, path) for number, path in enumerate(self.paths) if not path.name.endswith(".parquet")]
        parts = [_parquet_query(parquet)] if parquet else []
        for number, path in others:
            if path.name.endswith((".csv", ".csv.gz")):
                parts.append(_csv_query(number, path, encodings))
            elif path.name.endswith(".xlsx"):
                parts.append(_xlsx_query(connection, number, path))
            else:
                raise DatasetError(f"{path}: neither Parquet (.parquet) nor CSV (.csv, .csv.gz) nor XLSX (.xlsx)")
        try:
            connection.execute(f"create or replace view {view} as {' union all by name '.join(parts)}")
        except duckdb.Error as error:
            raise self.unreadable(error) from error


def _parquet_query(files: list[tuple[int, Path]]) -> str:
    names = ", ".join(literal(str(path)) for _, path in files)
    numbers = ", ".join(str(number) for number, _ in files)
    return (
        f"select * exclude (file_row_number, filename), file_row_number + 1 as {ROW}, "
        f"[{numbers}][list_position([{names}], filename)] as {FILE} from read_parquet([{names}], "
        f"file_row_number = true, filename = true, union_by_name = true, hive_partitioning = false)"
    )


def _csv_query(number: int, path: Path, encodings: Sequence[str]) -> str:
    encoding = _encoding(path, encodings)
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        first = file.readline().decode(encoding).lstrip("\ufeff")
    delimiter = max(DELIMITERS, key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    if not any(column.strip() for column in header):
        raise DatasetError(f"{path}: no header line with column names")
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DatasetError(f"{path}: column {twice[0]!r} stands twice in the header")
    columns = ", ".join(f"{literal(column)}: 'varchar'" for column in header)
    return (
        f"select *, row_number() over () as {ROW}, {number} as {FILE} from read_csv({literal(str(path))}, "
        f"auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, encoding = {literal(encoding)}, null_padding = false)"
    )


def _encoding(path: Path, encodings: Sequence[str]) -> str:
    """The first of the encodings the whole file is written in."""
    problem = ""
    for encoding in encodings:
        decoder, lines = codecs.getincrementaldecoder(encoding)(), 0
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            try:
                while chunk := file.read(CHUNK):
                    decoder.decode(chunk)
                    lines += chunk.count(b"\n")
            except UnicodeDecodeError as error:
                lines += chunk[: error.start].count(b"\n")
                problem = problem or f"{path}: line {lines + 1} is not {encoding} text"
            except (OSError, EOFError) as error:
                raise DatasetError(f"{path}: cannot be read: {error}") from error
            else:
                return encoding
    raise DatasetError(problem)


def _xlsx_query(connection: duckdb.DuckDBPyConnection, number: int, path: Path) -> str:
    """All sheets one after the other, as text: they must have the same columns."""
    tables = list(_sheets(path))
    if not tables:
        raise DatasetError(f"{path}: no sheet with a header row and data")
    table = pa.concat_tables(tables)
    numbered = table.append_column(ROW, pa.array(range(1, len(table) + 1), pa.int64()))
    connection.register(f"sheets_{number}", numbered.append_column(FILE, pa.array([number] * len(table), pa.int32())))
    return f"select * from sheets_{number}"


def _sheets(path: Path) -> Iterator[pa.Table]:
    import openpyxl  # slow to import, and only needed here
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, ValueError, KeyError, InvalidFileException) as error:
        raise DatasetError(f"{path}: cannot be read as XLSX: {error}") from error
    for sheet in book.worksheets:
        rows = sheet.iter_rows(values_only=True)
        header = [str(cell).strip() for cell in next(rows, ()) if cell is not None]
        chunk: list[tuple[Any, ...]] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == XLSX_CHUNK:
                yield _text_table(header, chunk)
                chunk = []
        if chunk:
            yield _text_table(header, chunk)
    book.close()


def _text_table(header: list[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))[: len(header)]
    return pa.table(
        {name: pa.array(map(_cell, column), pa.string()) for name, column in zip(header, columns, strict=True)}
    )


def _cell(value: object) -> str | None:
    """A cell as text: whole numbers without a point, moments as ISO 8601."""
    if value is None:
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)
