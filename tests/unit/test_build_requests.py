"""Which ingest runs ask for a build, as Airflow tells their type."""

from typing import Any

import pytest
from airflow.utils.types import DagRunType

from include.ingest import asks_for_build


@pytest.mark.parametrize(
    ("run_type", "params", "asks"),
    [
        (DagRunType.BACKFILL_JOB, {}, True),
        (DagRunType.MANUAL, {"start": "2026-06-01", "end": "2026-06-02"}, True),
        (DagRunType.MANUAL, {"start": None}, False),
        (DagRunType.SCHEDULED, {}, False),
    ],
)
def test_backfills_and_manual_spans_ask_for_a_build(run_type: DagRunType, params: dict[str, Any], asks: bool) -> None:
    assert asks_for_build(run_type, params) is asks
