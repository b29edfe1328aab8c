"""Wait for Google Analytics to write the export tables of a window, without holding a worker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.ingest import current_window

log = logging.getLogger(__name__)

POLL_SECONDS = 300
CALL_SECONDS = 60
PATIENCE = timedelta(hours=30)


def missing_exports(days: list[str]) -> list[str]:
    """Ids of the export tables of these days (YYYYMMDD) that do not exist yet, earliest first."""
    from include.clients import bigquery_client

    client, dataset = bigquery_client()
    with client:
        present = {table.table_id for table in client.list_tables(dataset, timeout=CALL_SECONDS)}
    return [f"{dataset}.events_{day}" for day in days if f"events_{day}" not in present]


class ExportTrigger(BaseTrigger):
    """Fires when every export table of the days is there."""

    def __init__(self, days: list[str], poll_seconds: int = POLL_SECONDS) -> None:
        super().__init__()
        self.days = days
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {"days": self.days, "poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while missing := await asyncio.to_thread(missing_exports, self.days):
            self.log.info("Waiting for %s", ", ".join(missing))
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent({"ready": True})


class WaitForExport(BaseOperator):
    """Succeeds at once when the window's export tables exist, else defers until they do or patience ends."""

    def execute(self, context: Any) -> None:
        days = [f"{day:%Y%m%d}" for day in current_window().days()]
        missing = missing_exports(days)
        if missing:
            log.info(
                "Not exported yet: %s; looking again every %d s for %s", ", ".join(missing), POLL_SECONDS, PATIENCE
            )
            self.defer(trigger=ExportTrigger(days), method_name="resume", timeout=PATIENCE)
        log.info("The export tables of %d day(s) are there", len(days))

    def resume(self, context: Any, event: dict[str, Any] | None = None) -> None:
        log.info("The export tables are there now")


def wait_for_export() -> WaitForExport:
    """The task that holds ingest_web_events until the day's export is there."""
    return WaitForExport(task_id="wait_for_export")
