"""The task that looks every hour whether the data of each source is there."""

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import get_current_context, task

from include import config

log = logging.getLogger(__name__)

STATES = ("queued", "running", "success", "failed")


@task(pool=config.WAREHOUSE)
def watch_sources() -> None:
    """Raise an alert for each source that is late, and end those of the sources that are not."""
    look(datetime.now(UTC), get_current_context()["ti"])


def look(now: datetime, instance: Any) -> None:
    """Look at every source as of `now` (aware); the task `instance` is asked for the runs of other DAGs."""
    from include import alert_events, alerts, freshness, metrics
    from include.warehouse import open_warehouse

    with open_warehouse("watch_freshness") as warehouse:
        found, first_load_at = freshness.read(warehouse, now)
        alert_events.run_succeeded(warehouse)
        alerts.recover(*(f"late:{source.source}" for source in found if not source.is_late), warehouse=warehouse)
        for _, data_through in warehouse.rows("publish/find_build.sql"):
            metrics.built(data_through, now)
    is_new = freshness.is_new(first_load_at, now)
    for source in found:
        metrics.fresh(source, now, late=source.is_late and not is_new)
        log.info("%s: published through %s, expected %s", source.source, source.published or "never", source.expected)
    if first_load_at is None or is_new:
        log.info("The warehouse is new (first load: %s): nothing is late yet", first_load_at or "none")
        return
    for source in found:
        if source.is_late:
            dag_id = freshness.ingest_dag(source.source)
            runs = _runs(instance, dag_id, source.missing or source.expected)
            due_at = config.due_at(source.source)
            links = (("DAG", alert_events.dag_url(dag_id)), ("Task log", alert_events.here().log_url))
            zone = config.store_timezone()
            alerts.raise_alert(freshness.late_alert(source, runs, first_load_at, due_at, zone, links))


def _runs(instance: Any, dag_id: str, day: date) -> Mapping[str, int]:
    """Runs of a DAG whose data interval begins with a store day, by state."""
    from include.window import midnight

    dates = [midnight(day, config.store_timezone())]
    return {state: instance.get_dr_count(dag_id=dag_id, logical_dates=dates, states=[state]) for state in STATES}
