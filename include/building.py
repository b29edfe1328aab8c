"""The record of a finished build."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context, task

from include.assets import MARTS

if TYPE_CHECKING:
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)


def record(warehouse: "Warehouse", run_id: str, started_at: datetime | None) -> tuple[int, object]:
    """Write the build at work and the batches it took in to the audit tables, once; return its number and last day.

    Args:
        warehouse: an open session.
        run_id: the Airflow run that built.
        started_at: when it began (UTC, without zone).
    """
    values = {"run_id": run_id, "started_at": started_at, "finished_at": datetime.now(UTC).replace(tzinfo=None)}
    with warehouse.transaction():
        warehouse.run("publish/record_build.sql", values)
        warehouse.run("publish/record_built_batches.sql", values)
    [(build_number, data_through)] = warehouse.rows("publish/find_build.sql")
    return build_number, data_through


@task(outlets=[MARTS])
def record_build() -> None:
    """Record the build: from now on it is the one that readers see, and its batches need not be looked at again."""
    from include import alert_events
    from include.warehouse import open_warehouse

    run = get_current_context()["dag_run"]
    started_at = run.start_date.astimezone(UTC).replace(tzinfo=None) if run.start_date else None
    with open_warehouse("record_build") as warehouse:
        build_number, data_through = record(warehouse, run.run_id, started_at)
        alert_events.run_succeeded(warehouse)
    log.info("The marts are built (build %s); they cover every day up to %s", build_number, data_through)
