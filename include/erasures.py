"""Who was erased, and how rows of theirs are told and emptied, also when a source brings them again.

A row is a person's by its `customer_id` or, where it has none that can be used, by the keyed hash of the address; lines
and refunds of a guest say no more than the order they belong to.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.contracts import Contract, all_contracts

if TYPE_CHECKING:
    import pyarrow as pa

    from include.warehouse import Warehouse

SUBJECT = "customer_id"
EMAIL_HASH = "email_hash"
ORDER = "order_id"
EXTRA = "_extra"  # columns that no contract knows: nobody can say what they hold
KEY_LENGTHS = (1, 100)  # a customer id of any other length names nobody


def names_customers(agreed: Contract) -> bool:
    """Whether a table's rows say whose they are, so that a person's can be found."""
    return SUBJECT in agreed.column_names or ORDER in agreed.column_names


def contracts_with_customers() -> list[Contract]:
    """Contracts of the tables whose rows say whose they are, by name."""
    return [agreed for agreed in all_contracts() if names_customers(agreed)]


def personal_columns() -> frozenset[str]:
    """Every column that may hold personal data in clear, whichever table it stands in."""
    return frozenset({column.name for agreed in all_contracts() for column in agreed.columns if column.pii} | {EXTRA})


@dataclass(frozen=True)
class Erased:
    """People of whom no personal data is kept: keys (CRM id; of a guest the hash), hashes of addresses, orders."""

    customer_keys: frozenset[str] = frozenset()
    email_hashes: frozenset[str] = frozenset()
    order_ids: frozenset[str] = frozenset()

    def filled(self, batch: "pa.RecordBatch") -> "pa.BooleanArray":
        """Which rows are theirs and still hold personal data."""
        import pyarrow as pa
        import pyarrow.compute as pc

        names = batch.schema.names

        def among(name: str, known: frozenset[str]) -> Any:
            if name not in names:
                return pa.repeat(pa.scalar(False), batch.num_rows)
            return pc.is_in(batch.column(name), pa.array(sorted(known), pa.string()))

        theirs = pc.or_(among(SUBJECT, self.customer_keys), among(ORDER, self.order_ids))
        if SUBJECT in names:
            lengths = pc.fill_null(pc.utf8_length(pc.utf8_trim_whitespace(batch.column(SUBJECT))), 0)
            shortest, longest = KEY_LENGTHS
            unusable = pc.or_(pc.less(lengths, shortest), pc.greater(lengths, longest))
            theirs = pc.or_(theirs, pc.and_(unusable, among(EMAIL_HASH, self.email_hashes)))
        holding = pa.repeat(pa.scalar(False), batch.num_rows)
        for name in personal_columns() & set(names):
            holding = pc.or_(holding, pc.is_valid(batch.column(name)))
        return pc.and_(theirs, holding)

    def emptied(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """The same rows in the same columns, theirs without personal data."""
        import pyarrow as pa
        import pyarrow.compute as pc

        filled = self.filled(batch)
        if not pc.any(filled).as_py():
            return batch
        columns = [
            pc.if_else(filled, pa.scalar(None, field.type), column) if field.name in personal_columns() else column
            for field, column in zip(batch.schema, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def emptied_all(self, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """All batches, theirs without personal data."""
        return map(self.emptied, batches)


def known(warehouse: "Warehouse") -> Erased:
    """Everybody on the list of audit.erasures."""
    rows = warehouse.rows("erase/list.sql")
    hashes = {each for _, listed, _ in rows for each in json.loads(listed)}
    orders = {each for *_, listed in rows for each in json.loads(listed)}
    return Erased(frozenset(key for key, *_ in rows), frozenset(hashes), frozenset(orders))
