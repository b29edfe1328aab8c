"""What the task that runs `dbt build` lets through to those that wait for it."""

from types import SimpleNamespace
from typing import Any

import pytest
from cosmos.operators.local import DbtLocalBaseOperator

from include.dbt_producer import BuildProducer, _told
from include.transform import PROFILE


def event(name: str, level: str = "info", resource_type: str | None = None) -> Any:
    data = SimpleNamespace(node_info=SimpleNamespace(resource_type=resource_type)) if resource_type else object()
    return SimpleNamespace(info=SimpleNamespace(name=name, level=level, msg=f"message of {name}"), data=data)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (event("NodeFinished", "debug", "model"), True),
        (event("NodeFinished", "debug", "seed"), True),
        (event("NodeFinished", "debug", "test"), False),
        (event("LogTestResult", "info", "test"), True),
        (event("LogTestResult", "error", "test"), True),
        (event("LogModelResult", "info", "model"), None),
        (event("SkippingDetails", "info", "model"), True),
        (event("LogSkipBecauseError", "error", "model"), True),
        (event("AdapterRegistered"), True),
        (event("NodeStart", "debug", "model"), False),
        (event("NodeExecuting", "debug", "test"), False),
        (event("SQLQuery", "debug"), False),
    ],
    ids=lambda value: getattr(getattr(value, "info", None), "name", None),
)
def test_an_outcome_is_told_once(happened: Any, told: bool | None) -> None:
    assert _told(happened) is told


def test_what_is_only_a_line_of_the_log_stays_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line, noise = event("LogModelResult", "info", "model"), event("SQLQuery", "debug")
    outcome = event("NodeFinished", "debug", "model")

    def run(self: Any, command: list[str], env: dict[str, str], cwd: str, **_: Any) -> None:
        for one in (line, noise, outcome):
            for callback in self._dbt_runner_callbacks:
                callback(one)

    monkeypatch.setattr(DbtLocalBaseOperator, "run_dbt_runner", run)
    told: list[Any] = []
    producer = BuildProducer(project_dir=".", profile_config=PROFILE)
    producer._dbt_runner_callbacks = [told.append]
    lines: list[str] = []
    log = SimpleNamespace(info=lambda text, *values: lines.append(text % values))
    monkeypatch.setattr(BuildProducer, "log", log)
    producer.run_dbt_runner([], {}, ".")
    assert told == [outcome]
    assert lines == ["message of LogModelResult"]
