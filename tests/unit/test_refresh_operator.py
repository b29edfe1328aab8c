"""A refresh whose models the build makes: what it waits for, and when dbt runs once more."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from cosmos.operators.local import DbtBuildLocalOperator

from include import lineage, refresh_operator
from include.refresh_operator import RefreshOperator
from include.transform import PROFILE

PRODUCER = "dbt.dbt_producer_watcher"
BUILT, TESTED = "model__p__ranked_status", "model__p__ranked_tests_status"
SECOND = "model__p__segments_status"


class TaskInstance:
    """Answers with what the producer has told by the n-th look at it; each look is one second later."""

    def __init__(self, *told: dict[str, Any], state: str = "running", try_number: int = 1) -> None:
        self.told, self.state, self.try_number = list(told), state, try_number
        self.dag_id = "build_marts"
        self.looks = 0

    def get_task_states(self, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert (dag_id, task_ids, run_ids) == ("build_marts", [PRODUCER], ["run"])
        return {"run": {PRODUCER: self.state}}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        assert task_ids == PRODUCER
        return self.told[min(self.looks, len(self.told) - 1)].get(key)


@pytest.fixture
def dbt_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The dbt runs of the refresh itself."""
    runs: list[str] = []
    monkeypatch.setattr(DbtBuildLocalOperator, "execute", lambda self, context, **_: runs.append(self.select))
    monkeypatch.setattr(lineage, "tagged", lambda tag: ["model.p.ranked", "model.p.segments"])
    monkeypatch.setattr(lineage, "tests_by_model", lambda: {"model.p.ranked": ["test.p.unique"]})
    return runs


@pytest.fixture
def refresh(monkeypatch: pytest.MonkeyPatch, dbt_runs: list[str]) -> Any:
    def execute(instance: TaskInstance, producer: str | None = PRODUCER) -> int:
        def wait(seconds: float) -> None:
            instance.looks += 1
            assert instance.looks < 10, "it waits for ever"

        monkeypatch.setattr(refresh_operator, "time", SimpleNamespace(sleep=wait))
        operator = RefreshOperator(
            task_id="refresh_rfm", tag="refresh_rfm", producer_task_id=producer, project_dir=".", profile_config=PROFILE
        )
        operator.execute({"ti": instance, "run_id": "run"})
        return instance.looks

    return execute


def ok(*keys: str) -> dict[str, Any]:
    return {key: "pass" if key == TESTED else {"status": "success", "outlet_uris": []} for key in keys}


def test_it_waits_until_the_build_has_made_and_tested_every_model(refresh: Any, dbt_runs: list[str]) -> None:
    assert refresh(TaskInstance({}, ok(BUILT), ok(BUILT, TESTED), ok(BUILT, TESTED, SECOND))) == 3
    assert dbt_runs == []


@pytest.mark.parametrize(
    ("key", "told", "outcome"),
    [(BUILT, {"status": "error"}, "error"), (TESTED, "fail", "fail"), (SECOND, {"status": "failed"}, "failed")],
)
def test_a_model_or_test_that_failed_fails_it_and_it_says_where_to_look(
    refresh: Any, dbt_runs: list[str], key: str, told: Any, outcome: str
) -> None:
    with pytest.raises(AirflowException, match=f"{outcome}.*{PRODUCER}"):
        refresh(TaskInstance(ok(BUILT, TESTED, SECOND) | {key: told}))
    assert dbt_runs == []


@pytest.mark.parametrize("state", ["failed", "skipped", "success", "upstream_failed"])
def test_a_build_that_ended_without_its_models_leaves_them_to_it(refresh: Any, dbt_runs: list[str], state: str) -> None:
    assert refresh(TaskInstance(ok(BUILT), state=state)) == 0
    assert dbt_runs == ["tag:refresh_rfm"]


def test_what_the_build_told_before_it_ended_counts(refresh: Any, dbt_runs: list[str]) -> None:
    refresh(TaskInstance(ok(BUILT, TESTED, SECOND), state="failed"))
    assert dbt_runs == []


def test_another_try_and_a_cleared_refresh_build_by_themselves(refresh: Any, dbt_runs: list[str]) -> None:
    refresh(TaskInstance(ok(BUILT, TESTED, SECOND), try_number=2))
    assert dbt_runs == ["tag:refresh_rfm"]


def test_a_refresh_that_follows_python_builds_by_itself(refresh: Any, dbt_runs: list[str]) -> None:
    refresh(TaskInstance({}), producer=None)
    assert dbt_runs == ["tag:refresh_rfm"]
