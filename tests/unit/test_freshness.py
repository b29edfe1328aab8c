"""Which day should be there, which is, and what on-call is told when they differ."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.contracts import tables_of
from include.freshness import (
    Freshness,
    due_moment,
    expected_day,
    freshness,
    is_new,
    late_alert,
    published_through,
    sources,
)

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
SIX = time(6)


def at(text: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "due_at", "until", "expected"),
    [
        (at("2026-07-02T05:59:59"), SIX, None, "2026-06-30"),
        (at("2026-07-02T06:00:00"), SIX, None, "2026-07-01"),
        (at("2026-07-02T23:59:00"), SIX, None, "2026-07-01"),
        (at("2026-07-02T00:00:00"), SIX, None, "2026-06-30"),
        (at("2026-07-02T00:00:00"), time(0), None, "2026-07-01"),
        # British clocks: 05:30 in London is 04:30 UTC in summer and 05:30 UTC in winter.
        (datetime(2026, 7, 2, 5, 0, tzinfo=UTC), SIX, None, "2026-07-01"),
        (datetime(2026, 1, 2, 5, 0, tzinfo=UTC), SIX, None, "2025-12-31"),
        # The nights in which the clocks change.
        (at("2026-03-29T05:59:00"), SIX, None, "2026-03-27"),
        (at("2026-03-29T06:00:00"), SIX, None, "2026-03-28"),
        (at("2026-10-25T05:59:00"), SIX, None, "2026-10-23"),
        (at("2026-10-25T06:00:00"), SIX, None, "2026-10-24"),
        (at("2026-03-08T06:00:00", NEW_YORK), SIX, None, "2026-03-07"),
        # A data set that has ended.
        (at("2026-07-02T12:00:00"), SIX, date(2011, 12, 9), "2011-12-09"),
        (at("2011-12-10T05:00:00"), SIX, date(2011, 12, 9), "2011-12-08"),
    ],
)
def test_the_day_that_should_be_there(now, due_at, until, expected):
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else LONDON
    for moment in (now, now.astimezone(UTC)):
        assert expected_day(moment, due_at, zone, until) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "due"),
    [("2026-03-28", "2026-03-29T05:00"), ("2026-03-27", "2026-03-28T06:00"), ("2026-10-24", "2026-10-25T06:00")],
)
def test_a_day_is_due_by_the_stores_clock(day, due):
    assert due_moment(date.fromisoformat(day), SIX, LONDON) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def span(first: str, last: str, zone: ZoneInfo = LONDON) -> tuple[datetime, datetime]:
    start, end = at(first, zone), at(last, zone)
    return start.astimezone(UTC).replace(tzinfo=None), end.astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("spans", "through"),
    [
        ([], None),
        ([span("2026-06-01", "2026-06-02")], "2026-06-01"),
        ([span("2026-06-01", "2026-06-10"), span("2026-06-10", "2026-06-11")], "2026-06-10"),
        ([span("2026-06-10", "2026-06-11"), span("2026-06-01", "2026-06-10")], "2026-06-10"),
        # A gap: what lies after it does not count.
        ([span("2026-06-01", "2026-06-10"), span("2026-06-11", "2026-06-12")], "2026-06-09"),
        # Overlaps, and a span within another.
        ([span("2026-06-01", "2026-06-10"), span("2026-06-03", "2026-06-04"), span("2026-06-09", "2026-06-12")],
         "2026-06-11"),
        # Rows that were published again cover no time.
        ([span("2026-01-01", "2026-01-01"), span("2026-06-01", "2026-06-10"), span("2026-06-12", "2026-06-12")],
         "2026-06-09"),
        ([span("2026-01-01", "2026-01-01")], None),
        # A day is published when it is whole.
        ([span("2026-06-01", "2026-06-10T12:00:00")], "2026-06-09"),
        # Days of 23 and of 25 hours.
        ([span("2026-03-28", "2026-03-29"), span("2026-03-29", "2026-03-30")], "2026-03-29"),
        ([span("2026-10-24", "2026-10-25"), span("2026-10-25", "2026-10-26")], "2026-10-25"),
    ],
)  # fmt: skip
def test_the_last_day_published_without_a_gap(spans, through):
    assert published_through(spans, LONDON) == (date.fromisoformat(through) if through else None)


EXPECTED = date(2026, 6, 30)
WHOLE = [span("2026-06-01", "2026-07-01")]


def test_a_source_is_as_far_as_its_table_that_is_furthest_behind():
    spans = {"orders": WHOLE, "order_items": WHOLE, "refunds": [span("2026-06-01", "2026-06-30")]}
    found = freshness("orders", ["orders", "order_items", "refunds"], spans, EXPECTED, LONDON)
    assert (found.published, found.is_late, found.missing) == (date(2026, 6, 29), True, EXPECTED)


def test_a_source_whose_day_is_there_is_not_late():
    assert not freshness("catalog", ["products"], {"products": WHOLE}, EXPECTED, LONDON).is_late
    ahead = freshness("catalog", ["products"], {"products": WHOLE}, EXPECTED - timedelta(days=1), LONDON)
    assert not ahead.is_late


def test_a_source_of_which_a_table_never_loaded_is_late():
    found = freshness("orders", ["orders", "refunds"], {"orders": WHOLE}, EXPECTED, LONDON)
    assert (found.published, found.is_late, found.missing) == (None, True, None)


NOW = at("2026-07-01T07:00:00")


@pytest.mark.parametrize(
    ("first_load_at", "new"),
    [(None, True), (NOW - timedelta(hours=23, minutes=59), True), (NOW - timedelta(days=1), False)],
)
def test_a_new_warehouse_has_a_day_to_load_its_history(first_load_at, new):
    assert is_new(first_load_at, NOW) is new


def test_a_late_source_is_told_with_the_day_the_time_and_the_runs():
    found = Freshness("orders", date(2026, 6, 27), EXPECTED)
    alert = late_alert(found, {"failed": 1, "success": 0}, NOW - timedelta(days=300), SIX, LONDON)
    assert alert.key == "late:orders"
    assert alert.what == "The last day published without a gap is 2026-06-27; by now it should be 2026-06-30."
    assert alert.where == "DAG ingest_orders, missing from 2026-06-28 to 2026-06-30"
    assert alert.since == at("2026-06-29T06:00:00")
    assert alert.details == ("Scheduled runs of ingest_orders for 2026-06-28: 1 failed.",)


def test_a_run_that_never_began_is_told_as_such():
    alert = late_alert(Freshness("crm", date(2026, 6, 29), EXPECTED), {"failed": 0}, NOW, SIX, LONDON)
    assert "No scheduled run of ingest_crm for 2026-06-30 exists" in alert.details[0]


def test_a_source_that_never_published_is_late_since_a_day_after_the_first_load():
    first = NOW - timedelta(days=3)
    alert = late_alert(Freshness("crm", None, EXPECTED), {}, first, SIX, LONDON)
    assert alert.since == first + timedelta(days=1)
    assert alert.what.startswith("Nothing was ever published")


def test_every_source_is_looked_at_with_all_its_tables():
    assert sources() == {
        "crm": ["customers"],
        "orders": tables_of("orders"),
        "catalog": ["products"],
        "web_events": ["web_events"],
    }
