"""A refresh as a task: the models of one tag, which the build makes with all others or dbt by itself."""

import time
from collections.abc import Iterator
from typing import Any

from airflow.sdk.exceptions import AirflowException
from cosmos.operators._watcher.aggregation import get_tests_status_xcom_key
from cosmos.operators._watcher.state import (
    PRODUCER_TERMINAL_STATES,
    get_status_xcom_key,
    is_dbt_node_status_success,
)
from cosmos.operators.local import DbtBuildLocalOperator

from include import lineage

POLL_SECONDS = 1.0


class RefreshOperator(DbtBuildLocalOperator):
    """Builds and tests the models of a tag.

    With `producer_task_id` the first try only waits for the `dbt build` which that task runs for all models, and tells
    what came of these. Every other try, also of a refresh that is cleared, is a dbt run of its own.
    """

    def __init__(self, *, tag: str, producer_task_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(select=f"tag:{tag}", **kwargs)
        self.tag = tag
        self.producer_task_id = producer_task_id

    def execute(self, context: Any, **kwargs: Any) -> Any:
        """Return when the models are built and tested.

        Raises:
            AirflowException: a model or a test of it failed.
        """
        if self.producer_task_id and context["ti"].try_number == 1 and self._is_built(context):
            return
        super().execute(context, **kwargs)

    def _is_built(self, context: Any) -> bool:
        """Whether the producer built the models; False when it ended without a word about one of them."""
        instance = context["ti"]
        for unique_id, what, key in self._keys():
            while True:
                ended = self._producer_has_ended(instance, context["run_id"])  # first: it pushes all before it ends
                status = instance.xcom_pull(task_ids=self.producer_task_id, key=key)
                if status is not None or ended:
                    break
                time.sleep(POLL_SECONDS)
            if status is None:
                self.log.info("%s ended without building %s: dbt builds it now", self.producer_task_id, unique_id)
                return False
            outcome = status["status"] if isinstance(status, dict) else status
            if not is_dbt_node_status_success(outcome):
                raise AirflowException(
                    f"{what} {unique_id}: {outcome}. dbt's message is in the log of {self.producer_task_id}; "
                    "when this task is tried again, dbt builds its models alone"
                )
            self.log.info("%s %s: %s", what, unique_id, outcome)
        return True

    def _keys(self) -> Iterator[tuple[str, str, str]]:
        """What must succeed: the node, whether it or its tests, and the XCom that tells."""
        tested = lineage.tests_by_model()
        for unique_id in lineage.tagged(self.tag):
            yield unique_id, "built", get_status_xcom_key(unique_id)
            if unique_id in tested:
                yield unique_id, "tested", get_tests_status_xcom_key(unique_id)

    def _producer_has_ended(self, instance: Any, run_id: str) -> bool:
        states = instance.get_task_states(dag_id=instance.dag_id, task_ids=[self.producer_task_id], run_ids=[run_id])
        return states.get(run_id, {}).get(self.producer_task_id) in PRODUCER_TERMINAL_STATES
