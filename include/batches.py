"""Extract a batch: from the table's source, through its contract, to the lake."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from include import clients, config, erasures, lake
from include.contracts import Contract, contract
from include.contracts.conform import conform, unknown_columns
from include.sources import Extract, SourceError
from include.sources.web_events import ExportMissing
from include.warehouse import open_warehouse
from include.window import Window

log = logging.getLogger(__name__)

PROGRESS_ROWS = 250_000
CONNECTIONS = {
    "orders": config.ORDER_DB,
    "catalog": config.CATALOG,
    "crm": config.CRM,
    "web_events": config.GOOGLE_ANALYTICS,
}
_REMEDIES = {
    "orders": "see that the order database answers and no migration holds its tables",
    "catalog": "look at the status page of the catalog API",
    "crm": "look at trust.salesforce.com and at the org's API limits",
    "web_events": "look at BigQuery's status page and at the quotas of the project",
}


def extract(table: str, window: Window, batch_id: str) -> lake.Manifest:
    """Read a table's rows of a window from its source and write them to the lake as one batch.

    Of customers who were erased, no personal data gets as far as the lake: the list is read before the source is.

    Raises:
        SourceError: the source does not answer, breaks off, or answers what cannot be loaded.
        SchemaDrift: the source's columns no longer fit the contract.
        LakeError: S3 does not take the files.
    """
    agreed = contract(table)
    erased = _erased(agreed)
    with _opened(agreed, window) as extracted:
        return lake.write(
            clients.lake_client(),
            config.LAKE_BUCKET,
            erased.emptied_all(conform(_reported(extracted.batches, agreed), agreed)),
            agreed,
            window,
            batch_id,
            days=extracted.days,
            code_version=config.CODE_VERSION,
            extracted_at=extracted.asked_at,
        )


def _erased(agreed: Contract) -> erasures.Erased:
    """Whose personal data must not come again; nobody's where rows do not say whose they are."""
    if not erasures.names_customers(agreed):
        return erasures.Erased()
    with open_warehouse(f"extract {agreed.table}") as warehouse:
        return erasures.known(warehouse)


@contextmanager
def read(table: str, window: Window) -> Iterator[Iterator[pa.RecordBatch]]:
    """A table's rows of a window as its source holds them now, in the contract's columns."""
    agreed = contract(table)
    with _opened(agreed, window) as extracted:
        yield conform(extracted.batches, agreed)


@contextmanager
def _opened(agreed: Contract, window: Window) -> Iterator[Extract]:
    """The source's answer; whatever it raises, now or while it is read, becomes a SourceError that says what to do."""
    with ExitStack() as opened:
        with _explained(agreed, window):
            extracted = opened.enter_context(_READERS[agreed.source](agreed.table, window))
        # What still reads ahead must end before its connection does: the driver would read freed memory.
        opened.enter_context(closing(extracted.batches))
        yield replace(extracted, batches=_unbroken(extracted.batches, agreed, window))


def _unbroken(batches: Iterator[pa.RecordBatch], agreed: Contract, window: Window) -> Iterator[pa.RecordBatch]:
    rows = 0
    while True:
        with _explained(agreed, window, rows):
            batch = next(batches, None)
        if batch is None:
            return
        rows += batch.num_rows
        yield batch


@contextmanager
def _explained(agreed: Contract, window: Window, rows: int = 0) -> Iterator[None]:
    try:
        yield
    except ExportMissing:
        raise  # says itself what to do
    except Exception as error:
        from snowflake.connector.errors import Error as WarehouseError

        if isinstance(error, WarehouseError):  # not the source's: web_events asks the warehouse what it has
            raise
        # An alert shows the beginning of it, the log all.
        raise SourceError(
            f"{agreed.table} of {window}: connection {CONNECTIONS[agreed.source]} failed after {rows:,} rows, of which "
            f"none counts. When Airflow's tries are used up: {_REMEDIES[agreed.source]}, then clear the extract task. "
            f"It said: {_said(error)}"
        ) from error


def _said(error: Exception) -> str:
    if isinstance(error, SourceError):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"{error.doc[:80]!r}, which is not JSON or only the beginning of it"
    return f"{type(error).__name__}: {error}"


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
        asked_at = orders.moment_of_reading(connection)
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
