"""Read an exported file back, as somebody who was given it would: its rows and the sums of its money."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

MONEY_TYPE = pa.decimal128(38, 4)


def read_back(file: Path, format: str, money: Sequence[str]) -> tuple[int, dict[str, Decimal]]:
    """Rows of a Parquet or gzipped CSV file and the sum of each money column; memory stays constant.

    Raises:
        pyarrow.ArrowInvalid: the file is not what its format promises.
    """
    if format == "parquet":
        with pq.ParquetFile(file) as parquet:
            rows = parquet.metadata.num_rows
            return rows, _sums(parquet.iter_batches(columns=list(money)), money) if money else {}
    counted = _Counted(_csv_batches(file, money))
    sums = _sums(counted, money)
    return counted.rows, sums


def _csv_batches(file: Path, money: Sequence[str]) -> Iterator[pa.RecordBatch]:
    convert = pv.ConvertOptions(
        include_columns=list(money) or None,
        column_types=dict.fromkeys(money, MONEY_TYPE),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parse = pv.ParseOptions(newlines_in_values=True)
    with pa.input_stream(str(file), compression="gzip") as stream:
        yield from pv.open_csv(stream, parse_options=parse, convert_options=convert)


class _Counted:
    """Passes batches on and counts their rows."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self.rows, self._batches = 0, batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch


def _sums(batches: Iterable[pa.RecordBatch], money: Sequence[str]) -> dict[str, Decimal]:
    sums = dict.fromkeys(money, Decimal(0))
    for batch in batches:
        for column in money:
            sums[column] += pc.sum(batch.column(column)).as_py() or Decimal(0)
    return sums
