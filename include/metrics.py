"""The product's own figures, sent through Airflow's statistics: where Airflow's metrics go, these go. docs/metrics.md.

Airflow sends nothing unless StatsD or OpenTelemetry is switched on. Their dimensions are tags.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk.observability import stats

from include import config
from include.window import midnight

if TYPE_CHECKING:
    from include.freshness import Freshness
    from include.publish import Published

_OUTCOMES = ("inserted", "updated", "superseded", "quarantined")


@contextmanager
def gate_timed(table: str) -> Iterator[None]:
    """Time a gate, whether it lets the batch pass or stops it."""
    with stats.timer("warehouse.gate.duration", tags={"table": table}):
        yield


def gate_stopped(table: str) -> None:
    """Count a batch that the gate did not let pass."""
    stats.incr("warehouse.gate.stopped", tags={"table": table})


def published(table: str, batch: "Published") -> None:
    """What became of a batch's rows, and the money of those set aside (store currency; two decimals are enough)."""
    for outcome in _OUTCOMES:
        stats.incr("warehouse.rows", getattr(batch, outcome).rows, tags={"table": table, "outcome": outcome})
    money = round(float(abs(batch.quarantined.money)), 2)
    stats.gauge("warehouse.money_at_risk", money, tags={"table": table})


def fresh(source: "Freshness", now: datetime, late: bool) -> None:
    """How old a source's data is, and whether on-call is told that it is late. What never published has no age."""
    tags = {"source": source.source}
    stats.gauge("warehouse.late", int(late), tags=tags)
    if source.published:
        stats.gauge("warehouse.data_age", age(source.published, now), tags=tags)


def built(data_through: date | None, now: datetime) -> None:
    """How old the data of the marts is."""
    if data_through:
        stats.gauge("warehouse.data_age", age(data_through, now), tags={"source": "marts"})


def age(through: date, now: datetime) -> int:
    """Seconds from the end of a store day to `now` (aware)."""
    end = midnight(through + timedelta(days=1), config.store_timezone())
    return int((now - end).total_seconds())
