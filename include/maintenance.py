"""Drop the tables of batches that are over, and the files of old exports; each table and export has a row of audit."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, get_current_context, task

from include import config
from include.contracts import contract, tables
from include.freshness import ingest_dag

if TYPE_CHECKING:
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

REPLAY_DAG = "replay_quarantine"
EXPORT_DAG = "export_marts"
PUBLISHED = "published"
ENDED = "never published, and no run of its DAG is under way"
_UNFINISHED = ("queued", "running")


@dataclass(frozen=True)
class BatchTable:
    """A table of one batch, e.g. raw.orders__20260601_20260602_0123456789__rejects. `created_at` is naive UTC."""

    name: str
    batch_id: str
    dag_id: str
    created_at: datetime
    rows: int | None


@dataclass(frozen=True)
class Drop:
    """A table that may go, and why."""

    table: BatchTable
    reason: str


def maintenance_params() -> dict[str, Param]:
    """Params of a run by hand."""
    return {
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Tell in the log which tables and files would go, and let all stay.",
        )
    }


@task(pool=config.WAREHOUSE)
def drop_old_tables() -> int:
    """Drop the tables of batches that were over LANDING_TABLES_DAYS ago; returns how many."""
    from include.warehouse import open_warehouse

    run, dry_run = _run()
    with open_warehouse("maintain_warehouse") as warehouse:
        return maintain(warehouse, datetime.now(UTC), _is_idle, run, dry_run=dry_run)


@task(pool=config.WAREHOUSE)
def remove_old_exports() -> int:
    """Remove files of exports that nobody is led to for EXPORTS_DAYS; returns how many."""
    from include import alert_events
    from include.warehouse import open_warehouse

    run, dry_run = _run()
    with open_warehouse("maintain_warehouse") as warehouse:
        removed = clear_exports(warehouse, datetime.now(UTC), _is_idle, run, dry_run=dry_run)
        alert_events.run_succeeded(warehouse)
    return removed


def _run() -> tuple[tuple[str, str], bool]:
    """The DAG and the run that maintain, and whether they only tell."""
    context = get_current_context()
    return (context["ti"].dag_id, context["ti"].run_id), bool(context["params"]["dry_run"])


def _is_idle(dag_id: str) -> bool:
    """Whether a DAG has no run that is queued or running."""
    instance: Any = get_current_context()["ti"]
    return instance.get_dr_count(dag_id=dag_id, states=list(_UNFINISHED)) == 0


def maintain(
    warehouse: "Warehouse", now: datetime, is_idle: Callable[[str], bool], run: tuple[str, str], *, dry_run: bool
) -> int:
    """Drop what is over; each drop is in audit.maintenance before it happens.

    Args:
        warehouse: an open session.
        now: the moment to count from (aware).
        is_idle: whether a DAG has no run that is queued or running.
        run: id of the DAG and of the run that maintains.
        dry_run: only tell what would be dropped.

    Returns:
        How many tables were dropped, or would have been.
    """
    before = now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=config.LANDING_TABLES_DAYS)
    known = batch_tables(warehouse.rows("maintenance/batch_tables.sql", {"before": before}))
    published = dict(warehouse.rows("maintenance/published_batches.sql"))
    drops = due(known, published, before, is_idle)
    for drop in drops:
        table = drop.table
        log.info("%s %s: %s", "Would drop" if dry_run else "Dropping", table.name, drop.reason)
        if dry_run:
            continue
        values = {
            "table_name": table.name,
            "batch_id": table.batch_id,
            "created_at": table.created_at,
            "row_count": table.rows,
            "reason": drop.reason,
            "dag_id": run[0],
            "run_id": run[1],
            "dropped_at": datetime.now(UTC).replace(tzinfo=None),
        }
        warehouse.run("maintenance/record_drop.sql", values)
        warehouse.run("load/drop_landing.sql", table=table.name)
    left = len(known) - len(drops)
    log.info(
        "%s %d tables of batches older than %d days%s",
        "Would drop" if dry_run else "Dropped",
        len(drops),
        config.LANDING_TABLES_DAYS,
        f"; {left} stay: published lately, or a run of their DAG is under way" if left else "",
    )
    return len(drops)


def clear_exports(
    warehouse: "Warehouse", now: datetime, is_idle: Callable[[str], bool], run: tuple[str, str], *, dry_run: bool
) -> int:
    """Remove what no manifest names that counts, or counted in the last EXPORTS_DAYS; arguments as of `maintain`.

    Nothing goes while an export is under way: it may be about to name files that it wrote long ago.

    Returns:
        How many files were removed, or would have been.
    """
    from include import clients
    from include.exports import clearing
    from include.exports.manifest import ExportLake

    if not is_idle(EXPORT_DAG):
        log.info("A run of %s is under way: its files, and all others, stay until the next time", EXPORT_DAG)
        return 0
    s3, before, files = clients.lake_client(), now - timedelta(days=config.EXPORTS_DAYS), 0
    for mart in clearing.marts_in(s3, config.LAKE_BUCKET):
        lake = ExportLake(s3, config.LAKE_BUCKET, mart)
        for removal in clearing.removals(lake, before):
            files += len(removal.keys)
            what = ("Would remove" if dry_run else "Removing", len(removal.keys), removal.folder, removal.reason)
            log.info("%s %d file(s) of %s: %s", *what)
            if dry_run:
                continue
            values = {
                "table_name": f"s3://{lake.bucket}/{removal.folder}",
                "batch_id": removal.export_id,
                "created_at": removal.written_at.astimezone(UTC).replace(tzinfo=None),
                "row_count": None,
                "reason": removal.reason,
                "dag_id": run[0],
                "run_id": run[1],
                "dropped_at": datetime.now(UTC).replace(tzinfo=None),
            }
            warehouse.run("maintenance/record_drop.sql", values)
            clearing.remove(lake, removal)
    log.info("%s %d files of exports", "Would remove" if dry_run else "Removed", files)
    return files


def batch_tables(rows: Iterable[tuple[str, datetime, int | None]]) -> list[BatchTable]:
    """Those of these tables (name, created, rows) that belong to a batch; any other name is left alone."""
    pattern = re.compile(
        rf"(?P<schema>raw|pii)\.(?P<batch>(?P<table>{'|'.join(tables())})__"
        r"(?:\d{8}_\d{8}|deleted|(?P<replay>replay))_[0-9a-f]{10})(?:__(?:rejects|candidates|days))?"
    )
    found = []
    for name, created_at, row_count in rows:
        if match := pattern.fullmatch(name):
            dag_id = REPLAY_DAG if match["replay"] else ingest_dag(contract(match["table"]).source)
            found.append(BatchTable(name, match["batch"], dag_id, created_at, row_count))
    return found


def due(
    known: Iterable[BatchTable], published: Mapping[str, datetime], before: datetime, is_idle: Callable[[str], bool]
) -> list[Drop]:
    """The tables to drop: of batches published before a moment, or of a DAG of which no run is under way.

    Airflow does not say which run made a table of a batch that was never published. So none of its DAG is dropped while
    any run of it is queued or running: a task that was cleared may need it.
    """
    idle: dict[str, bool] = {}
    drops = []
    for table in known:
        published_at = published.get(table.batch_id)
        if published_at is not None:
            if published_at < before:
                drops.append(Drop(table, PUBLISHED))
            continue
        if table.dag_id not in idle:
            idle[table.dag_id] = is_idle(table.dag_id)
        if idle[table.dag_id]:
            drops.append(Drop(table, ENDED))
    return drops
