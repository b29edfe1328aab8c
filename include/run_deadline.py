"""From when on the deadline of a run counts: the moment it was created, which is when it was queued first.

Not Airflow's own DAGRUN_QUEUED_AT: in 3.3 a run that has such a deadline, not yet missed, cannot be cleared. Airflow
sets the deadline anew then, and fails over its interval (TypeError, apache/airflow#70368). A deadline counted from the
creation stays where it is when tasks are cleared: the day is due when it is due.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk.definitions.deadline import BaseDeadlineReference


class RunCreated(BaseDeadlineReference):
    """The moment a run is created: Airflow asks for it then, and only then."""

    required_kwargs: set[str] = set()

    def _evaluate_with(self, *, session: Any, **_: Any) -> datetime:
        return datetime.now(UTC)
