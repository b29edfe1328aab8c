"""When an alert is told, and what proves it over."""

from datetime import UTC, datetime, timedelta

import pytest

from include.alert_log import REMIND_AFTER, OpenAlert, Recovery, decide, is_over

NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("rows", "tell", "reminder", "times"),
    [
        ([(NOW, 1, None)], True, False, 1),
        ([(NOW - HOUR, 2, NOW - HOUR)], False, False, 2),
        ([(NOW - REMIND_AFTER, 9, NOW - REMIND_AFTER + timedelta(seconds=1))], False, False, 9),
        ([(NOW - REMIND_AFTER, 9, NOW - REMIND_AFTER)], True, True, 9),
        # No channel took the first message: the second is no reminder.
        ([(NOW - HOUR, 2, None)], True, False, 2),
        # Two writers that did not see each other: the first has told it.
        ([(NOW - HOUR, 1, NOW - HOUR), (NOW, 1, None)], False, False, 2),
    ],
)
def test_an_alert_is_told_once_and_again_after_a_day(rows, tell, reminder, times):
    seen = decide(rows, NOW)
    assert (seen.tell, seen.reminder, seen.times) == (tell, reminder, times)
    assert seen.first_seen_at == min(first for first, _, _ in rows)


def opened(key: str, run_id: str | None = "r1") -> OpenAlert:
    return OpenAlert("a1", key, key.split(":")[0], "headline", run_id, NOW - HOUR, NOW, 1, NOW)


@pytest.mark.parametrize(
    ("key", "keys", "over"),
    [
        ("gate_failed:orders", ["gate_failed:orders"], True),
        ("gate_failed:orders", ["gate_failed:order_items"], False),
        ("gate_failed:orders_eu", ["gate_failed:orders"], False),
        ("task_failed:ingest_orders.orders.extract", ["task_failed:ingest_orders.*"], True),
        ("task_failed:ingest_orders_eu.extract", ["task_failed:ingest_orders.*"], False),
        ("late:orders", ["gate_failed:orders", "late:orders"], True),
        ("late:orders", [], False),
    ],
)
def test_keys_are_whole_or_beginnings(key, keys, over):
    assert is_over(opened(key), keys, Recovery()) is over


@pytest.mark.parametrize(
    ("by", "over"),
    [
        (Recovery("r2", NOW + HOUR), True),
        (Recovery("r2", NOW - HOUR), False),  # a day of the same backfill that succeeded beside it
        (Recovery("r1", NOW - HOUR), True),  # its own run, after its task was cleared
        (Recovery(), True),
    ],
)
def test_a_run_that_began_before_an_alert_does_not_end_it(by, over):
    assert is_over(opened("late:orders"), ["late:orders"], by) is over
