"""From NumPy to the column types of the layout, without a Python object for each value."""

import numpy as np
import pyarrow as pa

from local.datasets.layout import MONEY, TIMESTAMP

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]


def money(ten_thousandths: Ints, valid: Bools | None = None) -> pa.Array:
    """Amounts given as whole ten-thousandths of the currency; null where `valid` is false."""
    low = np.ascontiguousarray(ten_thousandths, dtype="<i8")
    words = np.empty((len(low), 2), dtype="<i8")
    words[:, 0] = low
    words[:, 1] = low >> 63  # sign extension to 128 bits
    mask = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(MONEY, len(low), [mask, pa.py_buffer(words)])


def timestamps(microseconds: Ints) -> pa.Array:
    """Instants given as microseconds since 1970 UTC."""
    return pa.array(np.ascontiguousarray(microseconds, dtype=np.int64)).view(TIMESTAMP)


def integers(values: Ints, valid: Bools | None = None) -> pa.Array:
    """Whole numbers; null where `valid` is false."""
    return pa.array(np.asarray(values, dtype=np.int64), mask=None if valid is None else ~valid)


def chosen(values: list[str] | pa.Array, index: Ints, valid: Bools | None = None) -> pa.Array:
    """`values[index]` as text; null where `valid` is false."""
    source = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return source.take(pa.array(index, mask=None if valid is None else ~valid))


def numbered(prefix: str, numbers: Ints, width: int = 0, valid: Bools | None = None) -> pa.Array:
    """Ids such as 'C000042': the prefix and the number, padded with zeros to `width`."""
    texts = np.char.add(prefix, np.char.zfill(np.asarray(numbers).astype(str), width))
    return pa.array(texts, pa.string(), mask=None if valid is None else ~valid)


def as_of(keys: Ints, times: Ints, wanted_keys: Ints, wanted_times: Ints) -> Ints:
    """For each wanted (key, time) the row of the newest version of that key at that time.

    `keys` and `times` are the versions, sorted by key and time; each wanted key has one no later than its time.
    """
    versions, wanted = len(keys), len(wanted_keys)
    is_wanted = np.repeat([0, 1], [versions, wanted])
    order = np.lexsort(
        (is_wanted, np.concatenate([times, wanted_times]), np.concatenate([keys, wanted_keys]))  # last is the first key
    )
    newest = np.maximum.accumulate(np.where(order < versions, order, -1))
    rows = np.empty(versions + wanted, dtype=np.int64)
    rows[order] = newest
    return rows[versions:]
