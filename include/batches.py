"""Extract a batch: from the table's source, through its contract, to the lake."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from include import clients, config, lake
from include.contracts import Contract, contract
from include.contracts.conform import conform, unknown_columns
from include.sources import Extract
from include.warehouse import open_warehouse
from include.window import Window

log = logging.getLogger(__name__)

PROGRESS_ROWS = 250_000


def extract(table: str, window: Window, batch_id: str) -> lake.Manifest:
    """Read a table's rows of a window from its source and write them to the lake as one batch."""
    agreed = contract(table)
    with _READERS[agreed.source](table, window) as extracted:
        return lake.write(
            clients.lake_client(),
            config.LAKE_BUCKET,
            conform(_reported(extracted.batches, agreed), agreed),
            agreed,
            window,
            batch_id,
            days=extracted.days,
            code_version=config.CODE_VERSION,
            extracted_at=extracted.asked_at,
        )


@contextmanager
def read(table: str, window: Window) -> Iterator[Iterator[pa.RecordBatch]]:
    """A table's rows of a window as its source holds them now, in the contract's columns."""
    agreed = contract(table)
    with _READERS[agreed.source](table, window) as extracted:
        yield conform(extracted.batches, agreed)


def _reported(batches: Iterator[pa.RecordBatch], agreed: Contract) -> Iterator[pa.RecordBatch]:
    """The same batches; tells the log how far it is, and once which columns the contract does not know."""
    rows, told = 0, PROGRESS_ROWS
    unknown: set[str] = set()
    for batch in batches:
        new = set(unknown_columns(batch, agreed)) - unknown
        if new:
            log.warning(
                "%s: new column(s) %s are kept in _extra; add them to the contract",
                agreed.table,
                ", ".join(sorted(new)),
            )
            unknown |= new
        rows += batch.num_rows
        if rows >= told:
            log.info("%s rows read so far", f"{rows:,}")
            told += PROGRESS_ROWS
        yield batch


@contextmanager
def _orders(table: str, window: Window) -> Iterator[Extract]:
    from include.sources import orders

    with clients.order_db_client() as connection:
        asked_at = orders.clock(connection)
        yield replace(orders.extract(connection, table, window, clients.email_hash_key()), asked_at=asked_at)


@contextmanager
def _catalog(table: str, window: Window) -> Iterator[Extract]:
    from include.sources import catalog

    session, base_url = clients.catalog_client()
    with session:
        yield catalog.extract(session, base_url, window)


@contextmanager
def _crm(table: str, window: Window) -> Iterator[Extract]:
    from include.sources import crm

    yield crm.extract(clients.crm_client(), window, clients.email_hash_key())


@contextmanager
def _web_events(table: str, window: Window) -> Iterator[Extract]:
    from include.sources import web_events

    with open_warehouse("extract web_events") as warehouse:
        published = dict(warehouse.rows("publish/published_days.sql", {"table_name": table}))
    client, dataset = clients.bigquery_client()
    with client:
        yield web_events.extract(client, dataset, window, published)


_READERS: dict[str, Callable[[str, Window], Any]] = {
    "orders": _orders,
    "catalog": _catalog,
    "crm": _crm,
    "web_events": _web_events,
}
