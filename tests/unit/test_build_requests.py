"""Which ingest runs ask for a build, and which start another that loads what differs, as Airflow tells their type."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.utils.types import DagRunType

from include.ingest import RECONCILED_DAYS, asks_for_build, compared_window, reloads
from include.window import run_window


@pytest.mark.parametrize(
    ("run_type", "params", "asks"),
    [
        (DagRunType.BACKFILL_JOB, {}, True),
        (DagRunType.MANUAL, {"start": "2026-06-01", "end": "2026-06-02"}, True),
        (DagRunType.MANUAL, {"start": None}, False),
        (DagRunType.MANUAL, {"start": None, "reload_differences": True}, True),
        (DagRunType.OPERATOR_TRIGGERED, {"start": "2026-06-01", "end": "2026-06-02"}, True),
        (DagRunType.SCHEDULED, {}, False),
    ],
)
def test_backfills_chosen_spans_and_runs_that_mend_ask_for_a_build(
    run_type: DagRunType, params: dict[str, Any], asks: bool
) -> None:
    assert asks_for_build(run_type, params) is asks


@pytest.mark.parametrize(
    ("run_type", "asked", "starts"),
    [
        (DagRunType.MANUAL, True, True),
        (DagRunType.BACKFILL_JOB, True, True),
        (DagRunType.SCHEDULED, False, False),
        (DagRunType.OPERATOR_TRIGGERED, True, False),
    ],
)
def test_a_run_starts_another_when_it_was_asked_to_and_was_not_started_so_itself(
    run_type: DagRunType, asked: bool, starts: bool
) -> None:
    assert reloads(run_type, {"reload_differences": asked}) is starts


@pytest.mark.parametrize(
    ("start", "mends", "first_day"),
    [
        ("2026-06-30", True, date(2026, 5, 27)),
        ("2025-01-01", False, date(2026, 5, 27)),
        ("2025-01-01", True, date(2025, 1, 1)),
    ],
)
def test_the_last_weeks_are_compared_and_a_longer_span_where_it_is_to_be_mended(
    start: str, mends: bool, first_day: date
) -> None:
    loaded = run_window({"start": start, "end": "2026-07-01"}, None, None, ZoneInfo("Europe/London"))
    days = list(compared_window(loaded, mends).days())
    assert (days[0], days[-1]) == (first_day, date(2026, 6, 30))
    assert len(days) == RECONCILED_DAYS or mends
