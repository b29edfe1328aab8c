"""Is the data there by the time it should be? Pure functions of audit.loads and a moment, and what reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include import config
from include.alert_messages import Alert
from include.contracts import all_contracts

if TYPE_CHECKING:
    from include.warehouse import Warehouse

GRACE = timedelta(days=1)
"""A new warehouse is not late: from its first load on, whoever loads the history has this long."""

Spans = Mapping[str, Sequence[tuple[datetime, datetime]]]
"""Spans of time published, by table: start and end, naive UTC."""


@dataclass(frozen=True)
class Freshness:
    """How far a source is: the last day published without a gap (None: never), and the last that should be."""

    source: str
    published: date | None
    expected: date

    @property
    def is_late(self) -> bool:
        return self.published is None or self.published < self.expected

    @property
    def missing(self) -> date | None:
        """First day that is missing; None when none is, or when there is no day to count from."""
        return self.published + timedelta(days=1) if self.is_late and self.published else None


def expected_day(now: datetime, due_at: time, timezone: ZoneInfo, until: date | None) -> date:
    """The last day due at `now` (aware): yesterday from `due_at` (store time) on, never past `until`."""
    local = now.astimezone(timezone)
    day = local.date() - timedelta(days=1 if local.time() >= due_at else 2)
    return min(day, until) if until else day


def due_moment(day: date, due_at: time, timezone: ZoneInfo) -> datetime:
    """When a day should have been published (UTC): at `due_at`, store time, of the next day."""
    return datetime.combine(day + timedelta(days=1), due_at, tzinfo=timezone).astimezone(UTC)


def published_through(spans: Iterable[tuple[datetime, datetime]], timezone: ZoneInfo) -> date | None:
    """Last whole store day of the gapless span that begins with the first one published; None without any.

    A batch that covers no time (rows published again) says nothing about days.
    """
    reached: datetime | None = None
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if reached is not None and start > reached:
            break
        reached = max(reached or end, end)
    if reached is None:
        return None
    return reached.replace(tzinfo=UTC).astimezone(timezone).date() - timedelta(days=1)


def freshness(source: str, tables: Sequence[str], spans: Spans, expected: date, timezone: ZoneInfo) -> Freshness:
    """A source is as far as the table of it that is furthest behind."""
    through = [published_through(spans.get(table, ()), timezone) for table in tables]
    known = [day for day in through if day is not None]
    return Freshness(source, min(known) if len(known) == len(through) else None, expected)


def is_new(first_load_at: datetime | None, now: datetime) -> bool:
    """Whether the warehouse is so young that nothing of it is late: no load at all, or the first within GRACE."""
    return first_load_at is None or now - first_load_at < GRACE


def late_alert(
    found: Freshness,
    runs: Mapping[str, int],
    first_load_at: datetime,
    due_at: time,
    timezone: ZoneInfo,
    links: tuple[tuple[str, str], ...] = (),
) -> Alert:
    """The alert of a late source.

    Args:
        found: how far it is.
        runs: how many scheduled runs of the missing day there are, by state.
        first_load_at: when the warehouse published for the first time (aware).
        due_at: when a day is due, store time of the next day.
        timezone: the store's.
        links: label and address of where to look.
    """
    dag_id = ingest_dag(found.source)
    if found.missing is None:
        since = first_load_at + GRACE
        last = "nothing was ever published"
    else:
        since = due_moment(found.missing, due_at, timezone)
        last = f"the last day published without a gap is {found.published}"
    return Alert(
        kind="late",
        subject=found.source,
        what=f"{last[0].upper()}{last[1:]}; by now it should be {found.expected}.",
        where=f"DAG {dag_id}, missing from {found.missing or 'the first day'} to {found.expected}",
        details=(_runs(dag_id, found.missing or found.expected, runs),),
        since=since,
        links=links,
    )


def _runs(dag_id: str, day: date, runs: Mapping[str, int]) -> str:
    states = ", ".join(f"{count} {state}" for state, count in sorted(runs.items()) if count)
    if states:
        return f"Scheduled runs of {dag_id} for {day}: {states}."
    return f"No scheduled run of {dag_id} for {day} exists: is the DAG paused, does the scheduler run?"


def sources() -> dict[str, list[str]]:
    """Tables of each source."""
    tables: dict[str, list[str]] = {}
    for agreed in all_contracts():
        tables.setdefault(agreed.source, []).append(agreed.table)
    return tables


def ingest_dag(source: str) -> str:
    """The DAG that loads a source."""
    return f"ingest_{source}"


def read(warehouse: "Warehouse", now: datetime) -> tuple[list[Freshness], datetime | None]:
    """How far each source is at `now` (aware), and when the warehouse published for the first time (UTC)."""
    zone = config.store_timezone()
    loads = warehouse.rows("freshness/published_spans.sql")
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for table, start, end, _ in loads:
        spans.setdefault(table, []).append((start, end))
    first = min((published_at for *_, published_at in loads), default=None)
    found = [
        freshness(source, tables, spans, expected_day(now, config.due_at(source), zone, config.schedule_until()), zone)
        for source, tables in sources().items()
    ]
    return found, first.replace(tzinfo=UTC) if first else None
