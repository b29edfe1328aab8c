"""What counts as a difference between source and warehouse, and from when on both can be compared."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from include.reconcile import (
    Reconciliation,
    changes_to_reload,
    compare,
    covered_from,
    days_to_reload,
    reload_days,
)
from include.sources import DayTotal
from include.window import Window

DAY = date(2026, 6, 1)
LONDON = ZoneInfo("Europe/London")
MONTH = Window(datetime(2026, 5, 31, 23, tzinfo=UTC), datetime(2026, 6, 30, 23, tzinfo=UTC), LONDON)


def moment(day: int) -> datetime:
    return datetime(2026, 6, day)


def end(day: int) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC)


def test_a_gap_ends_the_span_that_can_be_compared():
    windows = [(moment(1), moment(3)), (moment(4), moment(6)), (moment(6), moment(7))]
    assert covered_from(windows, end(7)) == end(4)
    assert covered_from([*windows, (moment(2), moment(5))], end(7)) == end(1)
    assert covered_from(windows, end(9)) is None


def test_a_lost_row_and_a_lost_cent_are_differences():
    assert not compare([DayTotal(DAY, 2, Decimal("10"))], {DAY: (2, Decimal("10"))}).differences
    assert compare([DayTotal(DAY, 2, Decimal("10"))], {DAY: (1, Decimal("10"))}).differences
    assert compare([DayTotal(DAY, 2, Decimal("10"))], {DAY: (2, Decimal("9.99"))}).differences
    assert compare([DayTotal(DAY, 2, Decimal("10"))], {}).differences


def test_rows_deleted_at_the_source_are_a_difference():
    assert compare([DayTotal(DAY, 1, Decimal("5"))], {DAY: (2, Decimal("10"))}).differences


def test_changes_after_the_window_explain_more_rows_and_other_money():
    pending = DayTotal(DAY, 1, Decimal("5"), pending=1)
    assert not compare([pending], {DAY: (2, Decimal("9"))}).differences
    assert compare([pending], {DAY: (3, Decimal("15"))}).differences


def test_a_day_that_only_the_warehouse_knows_is_gone_from_the_source():
    held = {DAY: (2, Decimal("10")), DAY + timedelta(days=1): (3, Decimal("1"))}
    source = [DayTotal(DAY, 2, Decimal("10"))]
    found = compare(source, held, whole_from=DAY)
    assert [(difference.day.day, difference.gone) for difference in found.differences] == [(2, 3)]
    assert not compare(source, held, whole_from=DAY + timedelta(days=2)).differences


def test_rows_that_are_gone_are_counted_and_those_that_changed_later_are_not():
    found = compare([DayTotal(DAY, 1, Decimal("5"), pending=1)], {DAY: (4, Decimal("20"))})
    assert (found.gone, found.differences[0].gone) == (2, 2)
    assert compare([DayTotal(DAY, 3, Decimal("5"))], {DAY: (2, Decimal("5"))}).gone == 0


def test_rows_found_by_their_change_are_loaded_from_the_earliest_change_to_the_end_of_the_window():
    late = datetime(2026, 6, 3, 12, tzinfo=UTC)
    imported = datetime(2026, 5, 20, 12, tzinfo=UTC)
    later_day = DayTotal(date(2026, 6, 9), 1, Decimal("1"), changed_from=imported)
    found = compare([DayTotal(DAY, 1, Decimal("5"), changed_from=late), later_day], {})
    assert reload_days(changes_to_reload(found.differences[:1], MONTH)) == (date(2026, 6, 3), date(2026, 7, 1))
    assert reload_days(changes_to_reload(found.differences, MONTH)) == (date(2026, 5, 20), date(2026, 7, 1))


def test_nothing_is_loaded_for_days_of_which_the_source_holds_nothing():
    found = compare([], {DAY: (2, Decimal("10"))}, whole_from=DAY)
    assert found.gone == 2
    assert changes_to_reload(found.differences, MONTH) is None
    assert days_to_reload([], MONTH) is None


def test_rows_found_by_their_day_are_loaded_from_the_first_day_to_the_last():
    days = [DayTotal(date(2026, 6, day), 1, Decimal(0)) for day in (9, 2)]
    assert reload_days(days_to_reload(compare(days, {}).differences, MONTH)) == (date(2026, 6, 2), date(2026, 6, 10))


def test_the_days_that_differ_are_named_and_what_to_do():
    found = compare([DayTotal(DAY, 2, Decimal("10"))], {DAY: (1, Decimal("4"))})
    text = str(Reconciliation(found.days, found.differences, days_to_reload(found.differences, MONTH)))
    assert "trigger a run with start 2026-06-01 and end 2026-06-02 to reload" in text
    assert "source 2 rows (10.00), warehouse 1 (4.00)" in text
    gone = str(compare([DayTotal(DAY, 1, Decimal("5"))], {DAY: (2, Decimal("10"))}))
    assert "1 key(s) are gone from the source" in gone
    assert "to reload" not in gone
