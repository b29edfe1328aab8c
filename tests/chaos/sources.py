"""The sources of the local stack, brought from day to day along a timeline, and what can be broken about them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import requests

from local import postgres
from local.datasets.layout import CUSTOMERS, PRODUCTS, TABLES, WEB_EVENTS, Layout
from local.stack import Stack
from tests.chaos.timeline import KEYS, ZONE, Export, Row, Timeline

ID = "chaos"
TIMEOUT_SECONDS = 30


def write_dataset(timeline: Timeline, state: Path) -> None:
    """Put the data set that the stack is to serve into its state directory: no orders and no exports yet."""
    directory = state / "datasets" / ID
    directory.mkdir(parents=True, exist_ok=True)
    for name, layout in TABLES.items():
        if layout is not WEB_EVENTS:
            rows = {PRODUCTS.name: timeline.products, CUSTOMERS.name: timeline.customers}.get(name, [])
            pq.write_table(_table(rows, layout), directory / f"{name}.parquet")
    description = {
        "id": ID,
        "version": "1",
        "title": "A shop in trouble",
        "timezone": ZONE.key,
        "currency": "GBP",
        "first_day": timeline.days[0].isoformat(),
        # A day more than is told of: the last day's export is written on it.
        "last_day": (timeline.days[-1] + timedelta(days=1)).isoformat(),
    }
    (directory / "dataset.json").write_text(json.dumps(description))
    (state / "dataset.json").write_text(json.dumps({"id": ID}))


class Sources:
    """The order database and the web exports of a stack."""

    def __init__(self, stack: Stack, timeline: Timeline) -> None:
        self.stack, self.timeline = stack, timeline
        ends = stack.endpoints
        self._address = f"host=127.0.0.1 port={ends['postgres']['port']} user={postgres.SUPERUSER}"
        self._saas = requests.Session()
        self._saas.verify = str(stack.ca_file)
        self._base = ends["saas"]["base_url"]

    def hide_exports(self) -> None:
        """No day has been exported yet."""
        for day in self.timeline.days:
            self._override(f"events_{day:%Y%m%d}", {"missing": True})

    def pass_day(self, number: int) -> None:
        """Bring the sources to what they hold once a day is over."""
        self.write([(change.table, change.row) for change in self.timeline.changes[number]])
        for export in self.timeline.exports[number]:
            self.export(export)

    def write(self, rows: Sequence[tuple[str, Row]]) -> None:
        """Insert rows of the order database, or replace what has their key, in one transaction."""
        with self.order_db() as connection, connection.transaction():
            for table, row in rows:
                connection.execute(f"delete from {table} where {KEYS[table]} = %s", [row[KEYS[table]]])
                places = ", ".join(["%s"] * len(row))
                connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))

    def export(self, export: Export) -> None:
        """Write a day's table of web events."""
        day = export.day
        folder = self.stack.dataset_dir / "events" / f"day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / ".part"
        pq.write_table(_table(list(export.events), WEB_EVENTS), unfinished)
        unfinished.replace(folder / "part-0.parquet")
        self._override(f"events_{day:%Y%m%d}", {"last_modified": export.written_at.isoformat()})

    @contextmanager
    def order_db(self) -> Iterator[psycopg.Connection]:
        """A session of the order database as its owner."""
        address = f"{self._address} dbname={postgres.ORDER_DATABASE}"
        with psycopg.connect(address, autocommit=True, connect_timeout=TIMEOUT_SECONDS) as connection:
            yield connection

    def alter(self, statement: str) -> None:
        """Change the order database's own structure."""
        with self.order_db() as connection:
            connection.execute(statement.encode())

    def _override(self, table: str, change: dict) -> None:
        address = f"{self._base}/_control/bigquery/tables/{table}"
        self._saas.post(address, json=change, timeout=TIMEOUT_SECONDS).raise_for_status()


def _table(rows: list[Row], layout: Layout) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in layout.schema.names} for row in rows], layout.schema)
