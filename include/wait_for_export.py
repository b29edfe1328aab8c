"""Wait for Google Analytics to write the export tables of a window, without holding a worker."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralTimeout
from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.ingest import current_window

log = logging.getLogger(__name__)

POLL_SECONDS = 300
CALL_SECONDS = 60
PATIENCE = timedelta(hours=30)
NAMED_TABLES = 3


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
    """Succeeds at once when the window's export tables exist, else defers until they do or patience ends.

    Raises:
        AirflowFailException: a table is still missing after PATIENCE; another try would only wait as long again.
    """

    def execute(self, context: Any) -> None:
        days = _days()
        missing = missing_exports(days)
        if missing:
            log.info(
                "Not exported yet: %s; looking again every %d s for %s", ", ".join(missing), POLL_SECONDS, PATIENCE
            )
            self.defer(trigger=ExportTrigger(days), method_name="resume", timeout=PATIENCE)
        log.info("The export tables of %d day(s) are there", len(days))

    def resume(self, context: Any, event: dict[str, Any] | None = None) -> None:
        log.info("The export tables are there now")

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """As Airflow resumes a task, but the end of patience is a failure for good that says what is missing."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            missing = _still_missing(_days())
        if missing:
            raise AirflowFailException(_given_up(missing))
        return self.resume(context)


def _days() -> list[str]:
    return [f"{day:%Y%m%d}" for day in current_window().days()]


def _still_missing(days: list[str]) -> list[str]:
    """What is missing now; all of it where BigQuery does not answer, so that no retry begins to wait anew."""
    try:
        return missing_exports(days)
    except Exception as error:
        log.warning("BigQuery cannot be asked (%s): what it has meanwhile is not known", type(error).__name__)
        return [f"events_{day}" for day in days]


def _given_up(missing: list[str]) -> str:
    tables = [name.rpartition(".")[2] for name in missing]
    named = ", ".join(tables[:NAMED_TABLES])
    more = f" and {len(tables) - NAMED_TABLES:,} more" if len(tables) > NAMED_TABLES else ""
    hours = PATIENCE // timedelta(hours=1)
    return (
        f"Google Analytics has not exported {named}{more} within {hours} hours. "
        "Check the BigQuery link of the property; when the tables are there, clear this task."
    )


def wait_for_export() -> WaitForExport:
    """The task that holds ingest_web_events until the day's export is there."""
    return WaitForExport(task_id="wait_for_export")
