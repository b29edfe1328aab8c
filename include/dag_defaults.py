"""Schedule, retries, deadlines and alerts of the DAGs, each once."""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, CronTriggerTimetable
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert
from pendulum import timezone

from include import config
from include.alert_events import late_after, task_failed, tell_deadline_missed
from include.run_deadline import RunCreated
from include.timetable import DAILY as MIDNIGHT
from include.timetable import DailyUntil

# Runs of days before it would have no tasks; with catchup off an early one makes no run.
START = datetime(1970, 1, 1, tzinfo=config.store_timezone())
HOURLY = CronTriggerTimetable("5 * * * *", timezone=timezone(config.STORE_TIMEZONE))
NOON = CronTriggerTimetable("30 12 * * *", timezone=timezone(config.STORE_TIMEZONE))
OWNER = "data-engineering"

_until = config.schedule_until()
DAILY = (
    DailyUntil(_until, config.STORE_TIMEZONE)
    if _until
    else CronDataIntervalTimetable(MIDNIGHT, timezone=timezone(config.STORE_TIMEZONE))
)

RETRIES: dict[str, Any] = {
    "owner": OWNER,
    "retries": 4,
    "retry_delay": timedelta(seconds=config.RETRY_SECONDS),
    "retry_exponential_backoff": 2.0,  # each pause is twice the last, and up to as much again by a hash of the try
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(hours=3),
    "on_failure_callback": task_failed,
}


def ingest_defaults(source: str) -> dict[str, Any]:
    """Arguments of a source's DAG; on-call is told when a run is not through INGEST_DUE_MINUTES after it was queued."""
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 4,
        "default_args": RETRIES,
        "deadline": _deadline("ingest is late", config.ingest_due(source)),
    }


def build_defaults() -> dict[str, Any]:
    """Arguments of build_marts: one build at a time, so that events that come meanwhile share the next one.

    On-call is told when a build is not through BUILD_DUE_MINUTES after it was queued.
    """
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "default_args": RETRIES | {"retries": 2},
        "deadline": _deadline("build is late", config.build_due()),
    }


def watch_defaults() -> dict[str, Any]:
    """Arguments of a DAG that looks at the state of things: only the newest look counts."""
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "default_args": RETRIES | {"retries": 2, "execution_timeout": timedelta(minutes=15)},
    }


def _deadline(name: str, due_after: timedelta) -> list[DeadlineAlert]:
    # A logical date is missing in manual runs and long past in backfills, so it does not count. One callback for both
    # channels: it opens one alert, however many are told of it. In the triggerer: what Airflow 3.3 runs in the executor
    # (SyncCallback) may not read connections, so it could tell nobody.
    return [
        DeadlineAlert(
            name=name,
            reference=RunCreated(),
            interval=due_after,
            callback=AsyncCallback(tell_deadline_missed, kwargs={"due_after": late_after(due_after)}),
        )
    ]
