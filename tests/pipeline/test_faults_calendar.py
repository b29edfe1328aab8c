"""Days unlike others: of 23 and of 25 hours, empty ones, and one with ten times as much."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.publish import publish
from include.reconcile import reconcile
from include.window import Window, midnight
from tests.pipeline.conftest import LONDON, RUN, Pipeline
from tests.pipeline.rows import order
from tests.pipeline.shop import OrderDatabase, order_db, served
from tests.pipeline.tasks import TableRun
from tests.standins import saas_dataset

__all__ = ["order_db"]
pytestmark = pytest.mark.usefixtures("one_client_of_the_lake", "no_kept_pages")

# The day on which clocks change in the store's time zone (London), and its hours.
CLOCK_CHANGES = {"spring": (date(2026, 3, 29), 23), "autumn": (date(2026, 10, 25), 25)}
HALF_HOUR = timedelta(minutes=30)


def around(changed: date) -> list[date]:
    return [changed + timedelta(days=offset) for offset in (-1, 0, 1)]


def half_hours(day: date) -> list[datetime]:
    """Each half hour of a store day: the repeated hour twice, the skipped one not at all."""
    moment, end = midnight(day, LONDON), midnight(day + timedelta(days=1), LONDON)
    moments = []
    while moment < end:
        moments.append(moment)
        moment += HALF_HOUR
    return moments


@pytest.mark.parametrize("season", CLOCK_CHANGES)
def test_orders_of_a_clock_change_are_loaded_once_and_on_their_day(order_db, pipeline, season) -> None:
    changed, hours = CLOCK_CHANGES[season]
    days = around(changed)
    moments = [moment for day in days for moment in half_hours(day)]
    for moment in moments:
        order_db.put("orders", f"{moment:%d-%H:%M}", ordered_at=moment, updated_at=moment)
    for number, day in enumerate(days):
        TableRun("orders", day, run_id=f"scheduled__{number}").load()
    held = pipeline.held("orders")
    assert [row[8].replace(tzinfo=UTC) for row in sorted(held, key=lambda row: row[8])] == moments
    assert len(moments) == 2 * (24 + hours + 24)
    window = Window(midnight(days[0], LONDON), midnight(days[-1] + timedelta(days=1), LONDON), LONDON)
    agreed = reconcile(pipeline.warehouse, "orders", window)
    assert (agreed.days, agreed.differences) == (3, [])
    # Each day read its own rows and those of the hour before; together they leave no gap.
    spans = pipeline.warehouse.execute("select window_start, window_end from audit.loads order by 1").fetchall()
    assert [end - start for start, end in spans] == [timedelta(hours=count) for count in (24, hours, 24)]
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    TableRun("orders", days[0], days[-1], run_id="manual__1").load()
    assert pipeline.held("orders") == held


@pytest.mark.parametrize("season", CLOCK_CHANGES)
def test_web_events_of_a_clock_change_are_loaded_once_and_on_their_day(
    stack, pipeline, tmp_path: Path, monkeypatch, season
) -> None:
    changed, hours = CLOCK_CHANGES[season]
    made = saas_dataset._events

    def events(day: date, _: int) -> list[dict[str, Any]]:
        moments = half_hours(day)
        return [row | {"event_at": at} for row, at in zip(made(day, len(moments)), moments, strict=True)]

    days = around(changed)
    monkeypatch.setattr(saas_dataset, "_events", events)
    monkeypatch.setattr(saas_dataset, "FIRST_DAY", days[0])
    monkeypatch.setattr(saas_dataset, "LAST_DAY", days[-1])
    monkeypatch.setattr(saas_dataset, "EMPTY_DAY", None)
    dataset = saas_dataset.write(tmp_path / "dataset")
    with served(dataset, stack, tmp_path / "state"):
        for number, day in enumerate(days):
            TableRun("web_events", day, run_id=f"scheduled__{number}").load()
        TableRun("web_events", changed, run_id="manual__1").load()
    found = pipeline.warehouse.execute(
        "select event_day, count(*), count(distinct event_at), min(event_at), max(event_at) "
        "from staging.web_events group by 1 order by 1"
    ).fetchall()
    naive = {day: [at.replace(tzinfo=None) for at in half_hours(day)] for day in days}
    assert found == [(day, len(naive[day]), len(naive[day]), naive[day][0], naive[day][-1]) for day in days]
    assert len(naive[changed]) == 2 * hours


def test_days_on_which_nothing_happened_are_loaded_days(order_db: OrderDatabase, pipeline, stack, tmp_path, caplog):
    dataset = saas_dataset.write(tmp_path / "dataset")
    with served(dataset, stack, tmp_path / "state"):
        runs = [TableRun(table, date(2020, 2, 2)) for table in ("orders", "order_items", "refunds")]
        runs += [TableRun(table, date(2020, 2, 2)) for table in ("products", "customers")]
        runs += [TableRun("web_events", saas_dataset.EMPTY_DAY)]
        for run in runs:
            run.load()
    loaded = pipeline.warehouse.execute(
        "select table_name, extracted_rows, datediff('hour', window_start, window_end) from audit.loads"
    ).fetchall()
    assert sorted(loaded) == sorted((run.table, 0, 24) for run in runs)
    assert caplog.text.count("an empty batch is published, so that the window counts as loaded") == len(runs)
    published = pipeline.warehouse.execute("select published_day from audit.published_days").fetchall()
    assert published == [(saas_dataset.EMPTY_DAY,)]


def test_ten_times_as_much_as_usual_is_told_and_published(pipeline: Pipeline) -> None:
    day = date(2026, 6, 29)
    for weeks in range(1, 5):
        at = datetime(2026, 6, 29, 9) - timedelta(weeks=weeks)
        usual = [order(f"{weeks}-{number}", ordered_at=at, updated_at=at) for number in range(12)]
        pipeline.load("orders", usual, day=day - timedelta(weeks=weeks))
    at = datetime(2026, 6, 29, 9)
    much = [order(f"O{number}", ordered_at=at, updated_at=at, total_amount=Decimal("0.0001")) for number in range(121)]
    batch = pipeline.land("orders", much, day=day)
    verdict = pipeline.gate(batch)
    told = [warning for warning in verdict.warnings if "same weekday" in warning]
    assert [text.partition(": found ")[2] for text in told] == ["121 (expected 2 to 120)"]
    published = publish(pipeline.warehouse, batch, RUN, rejected=verdict.rejected_rows)
    assert published is not None
    assert (published.inserted.rows, published.inserted.money) == (121, Decimal("0.0121"))
