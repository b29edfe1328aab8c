"""Which ingest runs ask for a build, and which start another that loads what differs, as Airflow tells their type."""

from typing import Any

import pytest
from airflow.utils.types import DagRunType

from include.ingest import asks_for_build, reloads


@pytest.mark.parametrize(
    ("run_type", "params", "asks"),
    [
        (DagRunType.BACKFILL_JOB, {}, True),
        (DagRunType.MANUAL, {"start": "2026-06-01", "end": "2026-06-02"}, True),
        (DagRunType.MANUAL, {"start": None}, False),
        (DagRunType.OPERATOR_TRIGGERED, {"start": "2026-06-01", "end": "2026-06-02"}, True),
        (DagRunType.SCHEDULED, {}, False),
    ],
)
def test_backfills_and_chosen_spans_ask_for_a_build(run_type: DagRunType, params: dict[str, Any], asks: bool) -> None:
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
