"""What a batch is judged by beside its own rows: its window, the weeks before, and what other tables hold.

A parameter that cannot be known is left out, and with it the rules that name it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from include.contracts import Contract, all_contracts
from include.landing import LandedBatch
from include.warehouse import Warehouse
from include.window import Window

AHEAD = timedelta(days=1)  # clocks of a shop's systems differ, time zones are mistaken
WEEKS = 4
FEWEST_BATCHES = 3
SMALLEST_MEDIAN = 10  # a table of fewer rows a day has days without any, and days of ten times as many
FACTOR = 10


@dataclass(frozen=True)
class Surroundings:
    """What a gate is told of a batch and of what stands beside it, in one answer. Times are naive UTC.

    `landed` is rows and money of the landing table. `loads` are begin, end and rows of earlier windows; `published` is
    up to when each table is published; `siblings` are rows of the landing tables of the same run, by schema.table.
    """

    landed: tuple[int, Decimal]
    loads: list[tuple[datetime, datetime, int]]
    published: dict[str, datetime]
    siblings: dict[str, int]


def surroundings(warehouse: Warehouse, batch: LandedBatch, wanted: Collection[str], timezone: ZoneInfo) -> Surroundings:
    """What has to be asked for the wanted parameters, and what landed, in one statement."""
    window = _window(batch, timezone)
    span = window if window and {"min_rows", "max_rows"} & set(wanted) and len(list(window.days())) == 1 else None
    siblings = [sibling.split(".")[1].upper() for sibling in _siblings(batch, _parents(wanted)).values()]
    values = {"table_name": batch.contract.table}
    if span:
        since = _text(span.start - timedelta(weeks=WEEKS, days=1))
        values |= {"since": since, "before": _text(span.start)}
    names = {"landing": batch.table, "money": batch.contract.money, "span": bool(span), "siblings": siblings}
    rows = warehouse.rows("gate/surroundings.sql", values, **names)
    about: dict[str, list[tuple]] = {topic: [] for topic in ("landed", "load", "published", "sibling")}
    for topic, *row in rows:
        about[topic].append(tuple(row))
    [(_, _, _, landed, money)] = about["landed"]
    return Surroundings(
        (int(landed), Decimal(money or 0)),
        [(begin, end, int(count)) for _, begin, end, count, _ in about["load"]],
        {table: end for table, _, end, *_ in about["published"]},
        {name.lower(): int(count or 0) for name, _, _, count, _ in about["sibling"]},
    )


def parameters(batch: LandedBatch, around: Surroundings, wanted: Collection[str], timezone: ZoneInfo) -> dict[str, Any]:
    """Values of those of the wanted parameters that are known for this batch. Times are UTC.

    * `columns`: of the landing table. `content`: SQL text of a row `landed` without its number.
    * `first_day`: of the window, in the store's time zone. `window_start`: its first moment; an extract may read
      rows of before. `not_after`: the latest that a version may be.
    * `min_rows`, `max_rows`: by the same weekday of the last weeks; known for a window of one day only.
    * `<table>`: what is published of it or landed in the same run. `<table>_through`: up to when that is complete.
    """
    end = datetime.fromisoformat(batch.manifest.window_end).astimezone(UTC)
    values: dict[str, Any] = {"content": _content(batch.contract), "not_after": _text(end + AHEAD)}
    window = _window(batch, timezone)
    if window:
        values |= {
            "columns": [*batch.contract.column_names, "_extra", "_row_number"],
            "first_day": next(window.days()).isoformat(),
            "window_start": _text(window.start),
        }
        values |= _volume(around, window)
    values |= _relations(batch, around, end, _parents(wanted))
    return {name: value for name, value in values.items() if name in wanted}


def bounds(counts: Collection[int]) -> dict[str, int]:
    """Fewest and most rows that are expected after these, of comparable days; nothing where they say too little."""
    if len(counts) < FEWEST_BATCHES or median(counts) < SMALLEST_MEDIAN:
        return {}
    usual = median(counts)
    return {"min_rows": ceil(usual / FACTOR) if min(counts) > 0 else 0, "max_rows": int(usual * FACTOR)}


def _volume(around: Surroundings, window: Window) -> dict[str, int]:
    first = next(window.days())
    comparable = {first - timedelta(weeks=week) for week in range(1, WEEKS + 1)}
    counts = []
    for start, end, rows in around.loads:
        loaded = list(Window(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC), window.timezone).days())
        if len(loaded) == 1 and loaded[0] in comparable:
            counts.append(rows)
    return bounds(counts)


def _relations(
    batch: LandedBatch, around: Surroundings, end: datetime, parents: Collection[Contract]
) -> dict[str, str]:
    """What other tables hold, as SQL, and the moment up to which a key that is missing there is truly missing.

    A landing table of the same run without rows may still be loading: it does not count.
    """
    values = {}
    siblings = _siblings(batch, parents)
    for parent in parents:
        moments = [around.published[parent.table]] if parent.table in around.published else []
        columns = ", ".join(parent.column_names)
        held = f"select {columns} from {parent.target} where _deleted_at is null"
        if around.siblings.get(siblings[parent.table].lower()):
            held = f"{held} union all select {columns} from {siblings[parent.table]}"
            moments.append(end.replace(tzinfo=None))
        if moments:
            values[parent.table] = f"({held})"
            values[f"{parent.table}_through"] = f"'{_text(max(moments))}'::timestamp_ntz"
    return values


def _parents(wanted: Collection[str]) -> list[Contract]:
    """Contracts of the tables that the wanted parameters are about."""
    return [agreed for agreed in all_contracts() if agreed.table in wanted]


def _siblings(batch: LandedBatch, parents: Collection[Contract]) -> dict[str, str]:
    """Landing tables that the same run makes of other tables, by table."""
    run = batch.id.removeprefix(batch.contract.table)  # batches of a run differ in their table alone
    return {parent.table: parent.landing(f"{parent.table}{run}") for parent in parents}


def _window(batch: LandedBatch, timezone: ZoneInfo) -> Window | None:
    """The span that the batch was extracted for; None for rows that are replayed, of any days."""
    manifest = batch.manifest
    start, end = (datetime.fromisoformat(text).astimezone(UTC) for text in (manifest.window_start, manifest.window_end))
    return Window(start, end, timezone) if start < end else None


def _content(contract: Contract) -> str:
    values = ", ".join(f"coalesce(to_varchar(landed.{name}), '~')" for name in (*contract.column_names, "_extra"))
    return f"concat_ws('|', {values})"


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
