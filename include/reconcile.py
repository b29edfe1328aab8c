"""Hold the source against staging, day by day: this catches late commits and deletes that a cursor never sees."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from include import clients
from include.contracts import Contract, contract
from include.sources import DayTotal
from include.warehouse import Warehouse
from include.window import Window, midnight


@dataclass(frozen=True)
class Difference:
    """A day on which the source holds other rows or money than staging and quarantine together."""

    day: date
    source: tuple[int, Decimal]
    warehouse: tuple[int, Decimal]
    pending: int | None = 0
    changed_from: datetime | None = None

    @property
    def gone(self) -> int:
        """Keys that the warehouse holds and the source no longer has, at least; changes to come may explain none."""
        return 0 if self.pending is None else max(0, self.warehouse[0] - self.source[0] - self.pending)

    def __str__(self) -> str:
        (source_rows, source_money), (rows, money) = self.source, self.warehouse
        text = f"{self.day}: source {source_rows:,} rows ({source_money:,.2f}), warehouse {rows:,} ({money:,.2f})"
        return f"{text}; {self.gone:,} gone from the source" if self.gone else text


@dataclass(frozen=True)
class Reconciliation:
    """What the comparison found over `days` days, and the span to load again so that what is missing comes.

    `compared` are the first and the last day that were looked at, also where neither side holds a row; None: every day.
    """

    days: int
    differences: list[Difference] = field(default_factory=list)
    reload: Window | None = None
    compared: tuple[date, date] | None = None

    def compares(self, day: date) -> bool:
        """Whether a day was looked at."""
        return self.compared is None or self.compared[0] <= day <= self.compared[1]

    def is_past(self, day: date) -> bool:
        """Whether a day lies before those that were looked at."""
        return self.compared is not None and day < self.compared[0]

    @property
    def gone(self) -> int:
        """Keys of all days that the warehouse holds and the source no longer has."""
        return sum(difference.gone for difference in self.differences)

    def __str__(self) -> str:
        if not self.days:
            return "nothing to compare yet"
        if not self.differences:
            return f"source and warehouse agree on {self.days} day(s)"
        advice = []
        if self.reload:
            start, end = reload_days(self.reload)
            advice.append(f"trigger a run with start {start} and end {end} to reload")
        if self.gone:
            advice.append(
                f"{self.gone:,} key(s) are gone from the source: if they were deleted on purpose, "
                "a run with reload_differences takes them out"
            )
        lines = "\n".join(f"  {difference}" for difference in self.differences)
        summary = "; ".join([f"{len(self.differences)} of {self.days} day(s) differ", *advice])
        return f"{summary}:\n{lines}"


def reconcile(warehouse: Warehouse, table: str, window: Window) -> Reconciliation:
    """Compare each day of a window that was loaded without a gap up to the window's end."""
    agreed = contract(table)
    loaded_from = covered_from(warehouse.rows("publish/published_windows.sql", {"table_name": table}), window.end)
    if loaded_from is None:
        return Reconciliation(0)
    covered = Window(max(loaded_from, window.start), window.end, window.timezone)
    match agreed.source:
        case "orders":
            source, held = _order_totals(table, window, loaded_from), _held_by_day(warehouse, agreed, window)
            found = compare(source, held, whole_from=_first_whole_day(covered))
            return replace(found, reload=changes_to_reload(found.differences, window), compared=_days(window))
        case "web_events":
            found = compare(_export_totals(covered), _held_exports(warehouse, agreed, covered))
        case _:
            found = compare(_newest_versions(agreed, covered), _held_versions(warehouse, agreed, covered))
    return replace(found, reload=days_to_reload(found.differences, window), compared=_days(covered))


def changes_to_reload(differences: list[Difference], window: Window) -> Window | None:
    """The span of changes in which every row of the differing days lies, for a table that is loaded by `updated_at`.

    Days are those on which an order was placed, loads go by when its row last changed. A row that a load missed,
    because it committed late, changed on its day or at any time since, and in an import even before its day. So the
    span begins with the earliest change that the source shows among the rows of the differing days. It ends with the
    window: later changes are the next runs' to load. None when the source holds nothing of those days any more: a load
    can bring no row then.
    """
    moments = [difference.changed_from for difference in differences if difference.changed_from]
    return Window(min(moments).astimezone(UTC), window.end, window.timezone) if moments else None


def days_to_reload(differences: list[Difference], window: Window) -> Window | None:
    """The span from the first to the last of the days, for a table that is loaded by the day it is compared by.

    Exports are loaded by their day; versions of customers and products are counted on the day they began, which is
    the day by which they are loaded.
    """
    if not differences:
        return None
    days = [difference.day for difference in differences]
    start, end = midnight(min(days), window.timezone), midnight(max(days) + timedelta(days=1), window.timezone)
    return Window(start, end, window.timezone)


def _days(window: Window) -> tuple[date, date]:
    """First and last store day of a window."""
    first, *others = window.days()
    return first, others[-1] if others else first


def _first_whole_day(window: Window) -> date:
    first = next(window.days())
    return first if midnight(first, window.timezone) == window.start else first + timedelta(days=1)


def reload_days(span: Window) -> tuple[date, date]:
    """The params `start` and `end` of a run that loads a span: its first store day, and the day after its last."""
    days = list(span.days())
    return days[0], days[-1] + timedelta(days=1)


def covered_from(windows: list[tuple[datetime, datetime]], end: datetime) -> datetime | None:
    """Start of the gapless span of published windows (naive UTC) that reaches `end`; None when none reaches it."""
    reached_from = _naive(end)
    for first, last in sorted(windows, reverse=True):
        if first < reached_from <= last:
            reached_from = first
    return reached_from.replace(tzinfo=UTC) if reached_from < _naive(end) else None


def compare(
    source: list[DayTotal], held: dict[date, tuple[int, Decimal]], whole_from: date | None = None
) -> Reconciliation:
    """Days on which rows differ by more than the source's pending changes explain, or money where none are pending.

    From `whole_from` on the source's totals are whole: a day that only the warehouse knows is gone from the source.
    """
    known = {total.day for total in source}
    lost = [DayTotal(day, 0, Decimal(0)) for day in held if whole_from and day >= whole_from and day not in known]
    totals = sorted([*source, *lost], key=lambda total: total.day)
    differences = []
    for total in totals:
        rows, money = held.get(total.day, (0, Decimal(0)))
        too_many = total.pending is not None and rows > total.rows + total.pending
        if rows < total.rows or too_many or (total.pending == 0 and money != total.money):
            differences.append(
                Difference(total.day, (total.rows, total.money), (rows, money), total.pending, total.changed_from)
            )
    return Reconciliation(len(totals), differences)


def _order_totals(table: str, window: Window, loaded_from: datetime) -> list[DayTotal]:
    from include.sources import orders

    with clients.order_db_client() as connection:
        return orders.totals(connection, table, window, loaded_from)


def _held_by_day(warehouse: Warehouse, agreed: Contract, window: Window) -> dict[date, tuple[int, Decimal]]:
    return _held(
        warehouse.rows(
            "reconcile/held_by_day.sql",
            _span(window),
            target=agreed.target,
            quarantine=agreed.quarantine,
            key=agreed.key,
            day=agreed.day,
            money=agreed.money,
        )
    )


def _export_totals(window: Window) -> list[DayTotal]:
    from include.sources import web_events

    client, dataset = clients.bigquery_client()
    with client:
        return web_events.totals(client, dataset, window)


def _held_exports(warehouse: Warehouse, agreed: Contract, window: Window) -> dict[date, tuple[int, Decimal]]:
    days = list(window.days())
    values = {"first_day": days[0], "last_day": days[-1]}
    names = {"target": agreed.target, "quarantine": agreed.quarantine, "day": agreed.day}
    return _held(warehouse.rows("reconcile/held_by_export_day.sql", values, **names))


def _newest_versions(agreed: Contract, window: Window) -> list[DayTotal]:
    """Newest version of each key that the source shows in a window, counted by its day.

    Pending is unknown: a source that keeps only the newest version does not show what has changed since.
    """
    from include.batches import read

    newest: dict[str, datetime] = {}
    with read(agreed.table, window) as batches:
        for batch in batches:
            keys, versions = (batch.column(name).to_pylist() for name in (agreed.key[0], agreed.version))
            for key, version in zip(keys, versions, strict=True):
                newest[key] = max(version, newest.get(key, version))
    days = Counter(moment.replace(tzinfo=UTC).astimezone(window.timezone).date() for moment in newest.values())
    return [DayTotal(day, rows, Decimal(0), pending=None) for day, rows in sorted(days.items())]


def _held_versions(warehouse: Warehouse, agreed: Contract, window: Window) -> dict[date, tuple[int, Decimal]]:
    names = {
        "target": agreed.target,
        "quarantine": agreed.quarantine,
        "entity": agreed.key[0],
        "version": agreed.version,
    }
    return _held(warehouse.rows("reconcile/newest_by_day.sql", _span(window), **names))


def _held(rows: list[tuple]) -> dict[date, tuple[int, Decimal]]:
    return {day: (int(count), Decimal(money or 0)) for day, count, money in rows}


def _span(window: Window) -> dict[str, Any]:
    return {"start": _naive(window.start), "end": _naive(window.end), "timezone": window.timezone.key}


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
