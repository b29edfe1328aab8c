"""What counts as a difference between source and warehouse, and from when on both can be compared."""

from datetime import UTC, date, datetime
from decimal import Decimal

from include.reconcile import compare, covered_from
from include.sources import DayTotal

DAY = date(2026, 6, 1)


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


def test_the_days_that_differ_are_named():
    text = str(compare([DayTotal(DAY, 2, Decimal("10"))], {DAY: (1, Decimal("4"))}))
    assert "trigger a run from 2026-06-01 to 2026-06-01" in text
    assert "source 2 rows (10.00), warehouse 1 (4.00)" in text
