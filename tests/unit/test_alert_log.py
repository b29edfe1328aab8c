"""When an alert is told, and what proves it over."""

from datetime import UTC, datetime, timedelta

import pytest

from include.alert_log import REMIND_AFTER, SENDING, Held, OpenAlert, Recovery, decide, is_over

NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("rows", "tell", "reminder", "times"),
    [
        ([Held(NOW, 1)], True, False, 1),
        ([Held(NOW - HOUR, 2, NOW - HOUR, NOW - HOUR)], False, False, 2),
        ([Held(NOW - REMIND_AFTER, 9, None, NOW - REMIND_AFTER + timedelta(seconds=1))], False, False, 9),
        ([Held(NOW - REMIND_AFTER, 9, None, NOW - REMIND_AFTER)], True, True, 9),
        # A daily task that comes two minutes sooner than the day before.
        ([Held(NOW - DAY, 2, NOW - DAY, NOW - DAY + timedelta(minutes=2))], True, True, 2),
        # No channel took the first message: the second is no reminder.
        ([Held(NOW - HOUR, 2)], True, False, 2),
        # Two writers that did not see each other: the first has told it.
        ([Held(NOW - HOUR, 1, NOW - HOUR, NOW - HOUR), Held(NOW, 1)], False, False, 2),
        # Somebody is sending it, or has died over it.
        ([Held(NOW - HOUR, 2, NOW - SENDING + timedelta(seconds=1))], False, False, 2),
        ([Held(NOW - HOUR, 2, NOW - SENDING)], True, False, 2),
        ([Held(NOW - DAY, 2, NOW - HOUR, NOW - DAY)], True, True, 2),
    ],
)
def test_an_alert_is_told_once_and_again_after_a_day(rows, tell, reminder, times):
    seen = decide(rows, frozenset(), NOW)
    assert (seen.tell, seen.reminder, seen.times) == (tell, reminder, times)
    assert seen.first_seen_at == min(row.first_seen_at for row in rows)


@pytest.mark.parametrize(
    ("trouble", "news"),
    [(set(), False), ({"a"}, False), ({"a", "b"}, False), ({"c"}, True), ({"a", "c"}, True)],
)
def test_what_was_not_told_under_an_open_alert_is_told_at_once(trouble, news):
    rows = [Held(NOW - HOUR, 1, NOW - HOUR, NOW - HOUR, frozenset({"a"})), Held(NOW, 1, trouble=frozenset({"b"}))]
    seen = decide(rows, frozenset(trouble), NOW)
    assert (seen.tell, seen.news) == (news, news)


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
