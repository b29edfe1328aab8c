"""Extraction of the order database: what is asked of it, and batches in order while the next one is read."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from include import batches, clients
from include.contracts.conform import SchemaDrift
from include.sources import orders
from include.window import Window

WINDOW = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC), ZoneInfo("Europe/London"))
NUMERIC = pa.opaque(pa.string(), "numeric", "PostgreSQL")
SCHEMA = pa.schema([("order_id", pa.string()), ("email", pa.string()), ("total_amount", NUMERIC)])


class OrderDatabase:
    """An ADBC connection that answers every statement with the same batches and notes what was asked."""

    def __init__(self, batches: list[pa.RecordBatch], schema: pa.Schema = SCHEMA, fails_after: int | None = None):
        self.batches, self.schema, self.fails_after = batches, schema, fails_after
        self.statement = ""
        self.read = 0
        self.closed = False

    def adbc_get_table_schema(self, table: str) -> pa.Schema:
        return self.schema

    def cursor(self, **_: Any) -> "OrderDatabase":
        return self

    def __enter__(self) -> "OrderDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def execute(self, statement: str) -> None:
        self.statement = statement

    def fetch_record_batch(self) -> Iterator[pa.RecordBatch]:
        for batch in self.batches:
            if self.read == self.fails_after:
                raise ConnectionResetError("the database went away")
            self.read += 1
            yield batch


def batch_of(*order_ids: str, email: str | None = None) -> pa.RecordBatch:
    count = len(order_ids)
    return pa.RecordBatch.from_pydict({"order_id": list(order_ids), "email": [email] * count})


def extracted(database: OrderDatabase, table: str = "orders") -> Iterator[pa.RecordBatch]:
    return iter(orders.extract(database, table, WINDOW, b"key").batches)


def test_batches_come_whole_and_in_order():
    database = OrderDatabase([batch_of("1", "2"), batch_of("3"), batch_of("4", "5")])
    assert [value for batch in extracted(database) for value in batch.column("order_id").to_pylist()] == list("12345")
    assert database.closed


def test_no_rows_are_no_batches():
    assert list(extracted(OrderDatabase([]))) == []


def test_at_most_one_batch_is_read_ahead():
    database = OrderDatabase([batch_of(str(number)) for number in range(20)])
    for position, _ in enumerate(extracted(database), 1):
        assert database.read <= position + 1


def test_a_database_that_goes_away_in_the_middle_is_an_error_and_not_an_end():
    database = OrderDatabase([batch_of("1"), batch_of("2"), batch_of("3")], fails_after=2)
    seen = []
    with pytest.raises(ConnectionResetError, match="went away"):
        for batch in extracted(database):
            seen += batch.column("order_id").to_pylist()
    assert seen == ["1", "2"]


def test_a_reader_that_stops_early_leaves_the_cursor_closed():
    database = OrderDatabase([batch_of(str(number)) for number in range(20)])
    batches = extracted(database)
    next(batches)
    batches.close()
    assert database.closed


class SlowDatabase(OrderDatabase):
    """Takes its time for a batch."""

    reading = False

    def fetchall(self) -> list[tuple]:
        return [(datetime(2026, 6, 2, tzinfo=UTC),)]

    def fetch_record_batch(self) -> Iterator[pa.RecordBatch]:
        for batch in self.batches:
            self.reading = True
            time.sleep(0.2)
            self.reading = False
            yield batch


class Connection:
    """A connection to a slow database, which notes whether something was read from it when it was closed."""

    def __init__(self, database: SlowDatabase) -> None:
        self.database = database
        self.was_reading: bool | None = None
        self.adbc_get_table_schema, self.cursor = database.adbc_get_table_schema, database.cursor

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.05)  # a thread that is about to read shall have begun
        self.was_reading = self.database.reading


def test_a_load_that_breaks_off_closes_the_connection_when_nothing_reads_from_it_any_more(monkeypatch):
    """Else the driver reads freed memory, and the task dies of it without a message."""
    connection = Connection(SlowDatabase([batch_of(str(number)) for number in range(20)]))
    monkeypatch.setattr(clients, "order_db_client", lambda: connection)
    monkeypatch.setattr(clients, "email_hash_key", lambda: b"key")
    with pytest.raises(SchemaDrift), batches.read("orders", WINDOW) as read:
        next(read)
    assert connection.was_reading is False


def test_an_address_leaves_only_as_its_keyed_hash():
    [batch] = extracted(OrderDatabase([batch_of("1", email=" Ann@Example.com ")]))
    assert batch.schema.names == ["order_id", "email_hash"]
    assert batch.column("email_hash").to_pylist() == [orders.email_hasher(b"key")("ann@example.com")]
    assert orders.email_hasher(b"another")("ann@example.com") != orders.email_hasher(b"key")("ann@example.com")


def test_numerics_are_asked_for_as_text_and_names_are_quoted():
    database = OrderDatabase(
        [], pa.schema([("order_id", pa.string()), ("total_amount", NUMERIC), ('a "b"', pa.int64())])
    )
    list(extracted(database))
    assert 'orders."order_id", orders."total_amount"::text as "total_amount", orders."a ""b"""' in database.statement


def test_rows_are_read_from_an_hour_before_the_window():
    database = OrderDatabase([])
    list(extracted(database, "refunds"))
    assert "refunds.updated_at >= timestamptz '2026-05-31T23:00:00+00:00'" in database.statement
    assert "refunds.updated_at < timestamptz '2026-06-02T00:00:00+00:00'" in database.statement
