"""The wait for Google Analytics' export ends once, and says what is missing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, TriggerFailureReason
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralError

from include import wait_for_export as waiting
from include.alert_filter import described
from include.window import Window

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
TIMEOUT = {"error": TriggerFailureReason.TRIGGER_TIMEOUT}


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tables that BigQuery does not have, of a window of five days."""
    tables = [f"analytics_1.events_2026060{day}" for day in range(1, 6)]
    window = Window(FIRST, FIRST + timedelta(days=5), ZoneInfo("UTC"))
    monkeypatch.setattr(waiting, "current_window", lambda: window)
    monkeypatch.setattr(waiting, "missing_exports", lambda days: tables)
    return tables


def resume(kwargs: dict) -> None:
    """As Airflow resumes a task whose trigger did not fire."""
    waiting.wait_for_export().resume_execution(TRIGGER_FAIL_REPR, kwargs, {})


def test_the_end_of_patience_is_a_failure_for_good_that_names_the_tables(missing):
    with pytest.raises(AirflowFailException) as raised:
        resume(TIMEOUT)
    told = described(raised.value, personal=False)
    for part in ("events_20260601, events_20260602, events_20260603 and 2 more within 30 hours", "BigQuery link"):
        assert part in told, part
    missing[:] = ["analytics_1.events_20260604"]
    with pytest.raises(AirflowFailException, match=r"has not exported events_20260604 within"):
        resume(TIMEOUT)


def test_tables_that_came_in_the_last_moment_are_there(missing):
    missing.clear()
    resume(TIMEOUT)


def test_a_bigquery_that_does_not_answer_begins_no_new_wait(missing, monkeypatch):
    def unanswered(days: list[str]) -> list[str]:
        raise ConnectionError("no route")

    monkeypatch.setattr(waiting, "missing_exports", unanswered)
    with pytest.raises(AirflowFailException, match="events_20260601"):
        resume(TIMEOUT)


def test_a_trigger_that_broke_is_tried_again(missing):
    with pytest.raises(TaskDeferralError):
        resume({"error": "Trigger failure"})
