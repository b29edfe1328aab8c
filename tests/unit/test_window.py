"""The span a run loads: params first, then the data interval; days are the store's, clock changes included."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from include import ingest
from include.window import Window, WindowError, midnight, run_window

LONDON = ZoneInfo("Europe/London")


def test_params_are_store_days_and_the_end_is_not_included():
    window = run_window({"start": "2026-03-28", "end": "2026-03-30"}, None, None, LONDON)
    assert window.start == datetime(2026, 3, 28, tzinfo=UTC)
    assert window.end == datetime(2026, 3, 29, 23, tzinfo=UTC), "the clock went forward on the 29th"
    assert list(window.days()) == [date(2026, 3, 28), date(2026, 3, 29)]


def test_without_params_the_data_interval_counts():
    start = datetime(2026, 6, 1, 23, tzinfo=UTC)
    window = run_window({"start": None, "end": None}, start, start + timedelta(days=1), LONDON)
    assert list(window.days()) == [date(2026, 6, 2)]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"start": "2026-06-01"}, "both params"),
        ({"start": "2026-06-01", "end": "1 July"}, "'1 July' is not a day"),
        ({"start": "2026-06-02", "end": "2026-06-01"}, "is not before end"),
        ({}, "no data interval"),
    ],
)
def test_a_run_that_does_not_say_what_to_load_is_told_how(params, message):
    with pytest.raises(WindowError, match=message):
        run_window(params, None, None, LONDON)


MIDNIGHT = datetime(2026, 7, 14, 23, tzinfo=UTC)  # the first moment of 15 July in London


@pytest.mark.parametrize(
    ("end", "now", "largest"),
    [
        ("2027-01-01", MIDNIGHT, "2026-07-15"),
        ("2026-07-16", MIDNIGHT + timedelta(hours=12), "2026-07-15"),  # today is not over
        ("2026-07-15", MIDNIGHT - timedelta(seconds=1), "2026-07-14"),
    ],
)
def test_a_window_that_ends_after_the_last_midnight_is_refused_with_the_largest_end(end, now, largest):
    message = f"param end: {end} is too late, .* the largest allowed is {largest},"
    with pytest.raises(WindowError, match=message):
        run_window({"start": "2026-06-01", "end": end}, None, None, LONDON, now)
    window = run_window({"start": "2026-06-01", "end": largest}, None, None, LONDON, now)
    assert window.end <= now


def test_a_data_interval_may_end_whenever_it_does():
    assert run_window({}, MIDNIGHT, MIDNIGHT + timedelta(days=1), LONDON, MIDNIGHT).end == MIDNIGHT + timedelta(days=1)


def test_a_task_refuses_a_window_that_is_not_over_and_is_not_tried_again(monkeypatch):
    params = {"start": "2026-06-01", "end": f"{datetime.now(LONDON).date() + timedelta(days=2)}"}
    monkeypatch.setattr(ingest, "get_current_context", lambda: {"params": params})
    with pytest.raises(AirflowFailException, match=r"param end: .* is too late"):
        ingest.current_window()


@given(first=st.dates(date(2000, 1, 1), date(2040, 1, 1)), length=st.integers(1, 40))
def test_days_of_consecutive_windows_never_overlap_nor_leave_a_gap(first, length):
    windows = [
        Window(midnight(first + timedelta(days=i), LONDON), midnight(first + timedelta(days=i + 1), LONDON), LONDON)
        for i in range(length)
    ]
    assert [day for window in windows for day in window.days()] == [first + timedelta(days=i) for i in range(length)]
    assert all(before.end == after.start for before, after in pairwise(windows))


def test_trailing_days_end_with_the_window():
    window = run_window({"start": "2026-06-30", "end": "2026-07-01"}, None, None, LONDON).trailing(35)
    days = list(window.days())
    assert (len(days), days[-1]) == (35, date(2026, 6, 30))
