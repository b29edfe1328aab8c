"""Tables of the order database (PostgreSQL), streamed through ADBC as Arrow.

A contract with `source: orders` says all there is to know of a table: key, day, money. The database holds it
under the same name, with a column `updated_at`.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import contract
from include.sources import DayTotal, Extract
from include.window import Window

BATCH_BYTES = 8 * 1024 * 1024
LOOKBACK = timedelta(hours=1)  # a transaction may commit after a later one was read

# A line has the day of its order: the table that holds the day, and how its rows are found.
_DAY_FROM = {"order_items": ("orders", "orders.order_id = order_items.order_id")}


def extract(connection: Any, table: str, window: Window, email_hash_key: bytes) -> Extract:
    """Rows of a table whose `updated_at` lies in the window, or up to an hour before it.

    A guest's e-mail leaves this module only as `email_hash`, a keyed hash. `connection` is an ADBC connection.
    """
    since, until = _literal(window.start - LOOKBACK), _literal(window.end)
    changed = f"{table}.updated_at >= {since} and {table}.updated_at < {until}"
    columns, relation = _columns(connection, table), _relation(table, "left join")
    if table in _DAY_FROM:
        columns = f"{columns}, {_day(table)}"
    batches = _stream(connection, f"select {columns} from {relation} where {changed}")
    return Extract(_ahead(_without_emails(batches, email_hash_key) if table == "orders" else batches))


def totals(connection: Any, table: str, window: Window, loaded_from: datetime) -> list[DayTotal]:
    """Rows and money of each store day in the window, of rows changed since `loaded_from`, less the look-back."""
    agreed = contract(table)
    day, relation = _day(table), _relation(table, "join")
    money = f"{table}.{agreed.money}" if agreed.money else "0"
    statement = (
        f"select ({day} at time zone $1)::date as day, "
        f"count(*) filter (where {table}.updated_at < $3) as settled, "
        f"coalesce(sum({money}) filter (where {table}.updated_at < $3), 0)::text as money, "
        f"count(*) filter (where {table}.updated_at >= $3) as pending, "
        f"min({table}.updated_at) filter (where {table}.updated_at < $3) as changed_from "
        f"from {relation} where {day} >= $2 and {day} < $3 and {table}.updated_at >= $4 group by 1 order by 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, (window.timezone.key, window.start, window.end, loaded_from - LOOKBACK))
        rows = cursor.fetchall()
    return [
        DayTotal(day, int(settled), Decimal(money), int(pending), changed_from)
        for day, settled, money, pending, changed_from in rows
    ]


def moment_of_reading(connection: Any) -> datetime:
    """The order database's own time (aware), as of which all that the connection reads afterwards is true.

    The connection must not be in the middle of a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        cursor.execute("select statement_timestamp()")
        [(moment,)] = cursor.fetchall()
    return moment


def missing(connection: Any, table: str, key: str, keys: Iterable[Sequence[str]]) -> tuple[datetime, list[str]]:
    """Which of these keys the order database does not have, and when it was asked, by its own clock (aware).

    `keys` come in parts, each of which is one question; all of them are answered as of one moment. A line whose order
    is gone counts as missing, too. The connection must not be in the middle of a transaction.
    """
    # Text as JSON: any number of keys is one bound value. Numbers in the source are compared as the lake holds them.
    statement = (
        "select asked.key from json_array_elements_text($1::json) as asked (key) "
        f"where not exists (select 1 from {_relation(table, 'join')} where {table}.{key}::text = asked.key)"
    )
    gone: list[str] = []
    asked_at = moment_of_reading(connection)
    with connection.cursor() as cursor:
        for part in keys:
            if part:
                cursor.execute(statement, (json.dumps(list(part)),))
                gone += [name for (name,) in cursor.fetchall()]
    return asked_at, gone


def email_hasher(key: bytes) -> Callable[[str], str]:
    """A function that maps an e-mail address to the keyed hash (HMAC-SHA256) of its normalised form."""

    def digest(email: str) -> str:
        return hmac.new(key, email.strip().lower().encode(), hashlib.sha256).hexdigest()

    return digest


def _day(table: str) -> str:
    """The column by which rows are counted a day, with the table that holds it."""
    holder, _ = _DAY_FROM.get(table, (table, ""))
    return f"{holder}.{contract(table).day}"


def _relation(table: str, join: str) -> str:
    """The table, joined to the one that holds its day where it does not do so itself."""
    if table not in _DAY_FROM:
        return table
    holder, condition = _DAY_FROM[table]
    return f"{table} {join} {holder} on {condition}"


def _columns(connection: Any, table: str) -> str:
    # The driver takes several times as long for a numeric as for its text, which is as exact.
    selected = []
    for field in connection.adbc_get_table_schema(table):
        name = '"' + field.name.replace('"', '""') + '"'
        is_numeric = isinstance(field.type, pa.OpaqueType) and field.type.type_name == "numeric"
        selected.append(f"{table}.{name}::text as {name}" if is_numeric else f"{table}.{name}")
    return ", ".join(selected)


def _literal(moment: datetime) -> str:
    # With bound values the driver cannot COPY, and holds the whole result in memory. A datetime can inject nothing.
    return f"timestamptz '{moment.isoformat()}'"


def _stream(connection: Any, statement: str) -> Generator[pa.RecordBatch]:
    with connection.cursor(adbc_stmt_kwargs={"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}) as cursor:
        cursor.execute(statement)
        yield from cursor.fetch_record_batch()


def _ahead(batches: Generator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    """The same batches; the next one is read while the last is worked on. Closing waits for the one being read."""
    with closing(batches), ThreadPoolExecutor(1, "orders") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _without_emails(batches: Generator[pa.RecordBatch], key: bytes) -> Generator[pa.RecordBatch]:
    with closing(batches):
        for batch in batches:
            position = batch.schema.get_field_index("email")
            if position < 0:
                yield batch
                continue
            hashes = hash_emails(batch.column(position), key)
            yield batch.remove_column(position).append_column("email_hash", hashes)


def hash_emails(emails: pa.Array, key: bytes) -> pa.Array:
    """Keyed hashes of a column of addresses; empty and missing ones become null."""
    digest = email_hasher(key)
    distinct = pc.unique(emails).to_pylist()
    known = {email: digest(email) if email and email.strip() else None for email in distinct}
    return pa.array([known[email] for email in emails.to_pylist()], pa.string())
