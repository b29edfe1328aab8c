"""The scratch database in which files become tables of the layout, larger than memory if need be."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from local.datasets.writer import DatasetWriter

MEMORY: Final = "1500MB"  # beyond this DuckDB spills to the scratch folder
BATCH: Final = 131_072  # rows


@contextmanager
def workbench(directory: Path, timezone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database under `directory`, gone afterwards, whose sessions read moments without a zone as in `timezone`."""
    file = directory / ".scratch.duckdb"
    spill = directory / ".scratch"
    settings: dict[str, str | bool | int | float | list[str]] = {"memory_limit": MEMORY, "temp_directory": str(spill)}
    connection = duckdb.connect(str(file), config=settings)
    try:
        connection.execute(f"set timezone = '{timezone}'")
        connection.execute("set enable_progress_bar = false")
        yield connection
    finally:
        connection.close()
        for left in (file, file.with_name(file.name + ".wal")):
            left.unlink(missing_ok=True)
        shutil.rmtree(spill, ignore_errors=True)


def write_query(connection: duckdb.DuckDBPyConnection, writer: DatasetWriter, table: str, query: str) -> None:
    """Write the rows of a query, in its order, as a table of the data set."""
    reader: pa.RecordBatchReader = connection.sql(query).to_arrow_reader(BATCH)
    with writer.stream(table) as write:
        for batch in reader:
            write(pa.Table.from_batches([batch]))
