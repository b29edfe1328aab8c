"""What a batch is judged by beside its own rows: its window, the weeks before, and what other tables hold.

A parameter that cannot be known is left out, and with it the rules that name it.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
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


def parameters(warehouse: Warehouse, batch: LandedBatch, wanted: Collection[str], timezone: ZoneInfo) -> dict[str, Any]:
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
        if {"min_rows", "max_rows"} & set(wanted):
            values |= _volume(warehouse, batch, window)
    parents = [agreed for agreed in all_contracts() if agreed.table in wanted]
    if parents:
        values |= _relations(warehouse, batch, end, parents)
    return {name: value for name, value in values.items() if name in wanted}


def bounds(counts: Collection[int]) -> dict[str, int]:
    """Fewest and most rows that are expected after these, of comparable days; nothing where they say too little."""
    if len(counts) < FEWEST_BATCHES or median(counts) < SMALLEST_MEDIAN:
        return {}
    usual = median(counts)
    return {"min_rows": ceil(usual / FACTOR) if min(counts) > 0 else 0, "max_rows": int(usual * FACTOR)}


def _volume(warehouse: Warehouse, batch: LandedBatch, window: Window) -> dict[str, int]:
    days = list(window.days())
    if len(days) != 1:
        return {}
    comparable = {days[0] - timedelta(weeks=week) for week in range(1, WEEKS + 1)}
    span = {
        "table_name": batch.contract.table,
        "since": _text(window.start - timedelta(weeks=WEEKS, days=1)),
        "before": _text(window.start),
    }
    counts = []
    for start, end, rows in warehouse.rows("gate/recent_loads.sql", span):
        loaded = list(Window(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC), window.timezone).days())
        if len(loaded) == 1 and loaded[0] in comparable:
            counts.append(int(rows))
    return bounds(counts)


def _relations(
    warehouse: Warehouse, batch: LandedBatch, end: datetime, parents: Collection[Contract]
) -> dict[str, str]:
    """What other tables hold, as SQL, and the moment up to which a key that is missing there is truly missing."""
    through: dict[str, datetime] = dict(warehouse.rows("gate/published_through.sql"))
    landed = _landed_in_same_run(warehouse, batch, parents)
    values = {}
    for parent in parents:
        moments = [through[parent.table]] if parent.table in through else []
        columns = ", ".join(parent.column_names)
        held = f"select {columns} from {parent.target} where _deleted_at is null"
        if parent.table in landed:
            held = f"{held} union all select {columns} from {landed[parent.table]}"
            moments.append(end.replace(tzinfo=None))
        if moments:
            values[parent.table] = f"({held})"
            values[f"{parent.table}_through"] = f"'{_text(max(moments))}'::timestamp_ntz"
    return values


def _landed_in_same_run(warehouse: Warehouse, batch: LandedBatch, parents: Collection[Contract]) -> dict[str, str]:
    """Landing tables of the same run's batches, by table. One without rows may still be loading: it does not count."""
    run = batch.id.removeprefix(batch.contract.table)  # batches of a run differ in their table alone
    siblings = {parent.table: parent.landing(f"{parent.table}{run}") for parent in parents}
    names = [sibling.split(".")[1].upper() for sibling in siblings.values()]
    exist = {f"{schema}.{name}".lower() for schema, name in warehouse.rows("gate/landing_tables.sql", names=names)}
    landed = {}
    for table, sibling in siblings.items():
        if sibling.lower() in exist:
            [(rows, _)] = warehouse.rows("load/count_landed.sql", table=sibling, money=None)
            if rows:
                landed[table] = sibling
    return landed


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
