"""What the scheduler does once for all tasks that are forked from it."""

import sys
from typing import Any

import pytest

from plugins import preloaded_libraries
from plugins.preloaded_libraries import Preloader


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was imported or prepared; the scheduler starts, with an executor that forks."""
    done: list[str] = []

    def step(name: str, error: type[Exception] | None = None) -> Any:
        def prepare() -> None:
            done.append(name)
            if error:
                raise error(name)

        return prepare

    monkeypatch.setattr(sys, "argv", ["airflow", "scheduler"])
    monkeypatch.setattr(preloaded_libraries.os, "environ", {})
    monkeypatch.setattr(preloaded_libraries.conf, "get", lambda *_: "LocalExecutor")
    monkeypatch.setattr(preloaded_libraries, "LIBRARIES", ("no_such_library", "json"))
    monkeypatch.setattr(preloaded_libraries.importlib, "import_module", lambda name: step(name, ImportError)())
    monkeypatch.setattr(preloaded_libraries, "_load_task_plugins", step("plugins", ValueError))
    monkeypatch.setattr(preloaded_libraries, "_read_dbt_project", step("dbt", OSError))
    return done


def test_what_fails_is_left_to_the_tasks_and_hinders_nothing(prepared: list[str]) -> None:
    Preloader().on_starting(object())
    assert prepared == ["no_such_library", "json", "plugins", "dbt"]


def test_tasks_that_hear_of_their_own_start_do_nothing_again(prepared: list[str]) -> None:
    """Airflow loads the plugins of tasks apart from its own: they bring a listener of their own."""
    Preloader().on_starting(object())
    Preloader().on_starting(object())
    assert len(prepared) == 4


@pytest.mark.parametrize("command", ["api-server", "triggerer", "celery"])
def test_other_components_pay_nothing(prepared: list[str], monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow", command])
    Preloader().on_starting(object())
    assert prepared == []
