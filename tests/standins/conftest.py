"""The local stack on free ports, on a data set of a few rows, for the tests of the stand-ins."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from snowflake.connector import SnowflakeConnection

from local.snowflake.account import connect
from local.stack import Stack, start_stack, stop_stack
from tests.built import folder
from tests.standins import tiny_dataset

Query = Callable[..., list[tuple]]


@contextmanager
def state_holding(dataset: str) -> Iterator[Path]:
    """A state directory that holds the tiny data set."""
    with folder() as directory:
        tiny_dataset.write(directory / "datasets" / dataset)
        (directory / "dataset.json").write_text(json.dumps({"id": dataset}))
        yield directory
        stop_stack(directory)


@pytest.fixture(scope="package")
def state() -> Iterator[Path]:
    """The state directory of the stack that the tests share."""
    with state_holding("tiny") as directory:
        yield directory


@pytest.fixture
def own_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory of the test's own, for a stack on free ports."""
    monkeypatch.setenv("LOCAL_PORT_BASE", "0")
    with state_holding("first") as directory:
        yield directory


@pytest.fixture(scope="package")
def stack(state: Path) -> Iterator[Stack]:
    """A running stack; its clients find the certificate authority in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCAL_PORT_BASE", "0")
        patch.setenv("LOCAL_STATE", str(state))
        running = start_stack(state=state)
        for name, value in running.environment().items():
            patch.setenv(name, value)
        yield running


@pytest.fixture
def open_session(stack: Stack) -> Iterator[Callable[..., SnowflakeConnection]]:
    """Opens sessions of the real connector on ANALYTICS.STAGING, closed when the test ends."""
    with ExitStack() as opened:

        def open_one(**options: object) -> SnowflakeConnection:
            chosen = {"database": "ANALYTICS", "schema": "STAGING", **options}
            return opened.enter_context(connect(stack.endpoints["snowflake"], stack.ca_file, **chosen))

        yield open_one


@pytest.fixture(scope="package")
def query(stack: Stack) -> Iterator[Query]:
    """Runs a statement in ANALYTICS.STAGING and returns its rows; all tests share the session, which costs 0.3 s."""
    place = {"database": "ANALYTICS", "schema": "STAGING"}
    with connect(stack.endpoints["snowflake"], stack.ca_file, **place) as connection:
        cursor = connection.cursor()

        def run(statement: str, *values: object) -> list[tuple]:
            cursor.execute(statement, *values)
            return cursor.fetchall()

        yield run
