"""Faults of the warehouse: a session, a connection or a process that ends inside publish loses and doubles nothing."""

import json
import os
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from snowflake.connector.errors import OperationalError

from include.landing import LandedBatch
from include.publish import publish
from include.warehouse import SessionLost, Warehouse, open_warehouse
from tests.pipeline.conftest import RUN, Pipeline
from tests.pipeline.proxy import proxy
from tests.pipeline.rows import MORNING, order

TELLS_WHAT_TO_DO = "Airflow tries again; when it has given up, clear this task"


@pytest.fixture
def landed(pipeline: Pipeline) -> LandedBatch:
    """A batch that updates a published order, beside its old version, inserts one order and quarantines one."""
    pipeline.load("orders", [order("O1")])
    later = MORNING + timedelta(hours=1)
    bad = order("O3", total_amount=Decimal("-1"))
    batch = pipeline.land("orders", [order("O1", status="shipped", updated_at=later), order("O1"), order("O2"), bad])
    rejects = batch.contract.landing(batch.id, "__rejects")
    pipeline.warehouse.run("publish/create_rejects.sql", rejects=rejects)
    names = {"rejects": rejects, "landing": batch.table, "broken": "landed.total_amount < 0"}
    pipeline.warehouse.run("publish/insert_rejects.sql", {"reason": "negative_total"}, **names)
    return batch


def kill(warehouse: Warehouse) -> None:
    """End a session as an administrator, an idle limit or a restart of the service would: the client hears nothing."""
    rest = warehouse._connection.rest
    assert rest is not None
    answer = requests.post(
        f"https://{rest._host}:{rest._port}/session",
        params={"delete": "true"},
        headers={"Authorization": f'Snowflake Token="{rest.token}"'},
        timeout=5,
    )
    answer.raise_for_status()


def is_published_once(pipeline: Pipeline, batch: LandedBatch) -> bool:
    assert [(row[0], row[3]) for row in pipeline.held("orders")] == [("O1", "shipped"), ("O2", "paid")]
    audited = pipeline.warehouse.execute(
        "select landed_rows, inserted_rows, updated_rows, superseded_rows, quarantined_rows, extracted_money "
        "- inserted_money - updated_money - superseded_money - quarantined_money from audit.loads "
        "where batch_id = %(batch)s",
        {"batch": batch.id},
    ).fetchall()
    return audited == [(4, 1, 1, 1, 1, Decimal(0))] and pipeline.count("quarantine.orders") == 1


@pytest.mark.parametrize("file", ["publish/take_turn.sql", "publish/merge_versions.sql", "publish/count_published.sql"])
def test_a_session_that_is_killed_inside_publish_leaves_no_trace(pipeline, landed, monkeypatch, file) -> None:
    before = pipeline.held("orders")
    with open_warehouse("killed") as session:
        run = session.run

        def killed_after(name: str, *arguments: Any, **names: Any) -> Any:
            cursor = run(name, *arguments, **names)
            if name == file:
                kill(session)
            return cursor

        monkeypatch.setattr(session, "run", killed_after)
        with pytest.raises(SessionLost, match=rf"nothing of it is visible\. {TELLS_WHAT_TO_DO}") as raised:
            publish(session, landed, RUN)
        assert "Unauthorized" in str(raised.value.__cause__)  # what the warehouse said stays in the log
    assert pipeline.held("orders") == before
    assert publish(pipeline.warehouse, landed, RUN) is not None
    assert is_published_once(pipeline, landed)


def test_a_commit_that_nobody_confirmed_is_not_repeated(pipeline, landed, monkeypatch) -> None:
    execute = pipeline.warehouse.execute

    def unconfirmed(statement: str, *arguments: Any) -> Any:
        cursor = execute(statement, *arguments)
        if statement == "commit":
            raise OperationalError(msg="the connection was reset")
        return cursor

    monkeypatch.setattr(pipeline.warehouse, "execute", unconfirmed)
    with pytest.raises(SessionLost, match=rf"did not confirm a commit.*{TELLS_WHAT_TO_DO}: what is there is not"):
        publish(pipeline.warehouse, landed, RUN)
    monkeypatch.undo()
    assert is_published_once(pipeline, landed)
    assert publish(pipeline.warehouse, landed, RUN) is None
    assert is_published_once(pipeline, landed)


STATEMENTS = ["begin", "merge into staging.orders", "insert into audit.loads", "commit"]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_an_answer_lost_on_its_way_is_asked_for_again_and_nothing_runs_twice(
    stack, pipeline, landed, monkeypatch, statement
) -> None:
    through = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE"])
    with proxy(stack.endpoints["snowflake"]["port"]) as line:
        through["extra"]["port"] = line.port
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(through))
        with open_warehouse("broken line") as session:
            cursor_of = session._connection.cursor
            struck: list[str] = []

            def listening() -> Any:
                cursor = cursor_of()
                send = cursor._execute_helper

                def losing(query: str, *arguments: Any, **options: Any) -> Any:
                    lines = [text for text in query.lower().splitlines() if not text.startswith("--")]
                    if "\n".join(lines).startswith(statement):
                        struck.append(query)
                        line.lose_next_answer()
                    return send(query, *arguments, **options)

                cursor._execute_helper = losing
                return cursor

            monkeypatch.setattr(session._connection, "cursor", listening)
            assert publish(session, landed, RUN) is not None
            assert line.lost == len(struck) > 0
    assert is_published_once(pipeline, landed)


def test_a_batch_that_two_publish_at_once_is_published_once(pipeline, landed) -> None:
    """A task that was thought dead, and its next try."""
    together, found = threading.Barrier(2), []

    def publish_it() -> None:
        with open_warehouse("one of two") as session:
            run = session.run

            def meet(name: str, *arguments: Any, **names: Any) -> Any:
                if name == "publish/take_turn.sql":
                    together.wait(timeout=30)
                return run(name, *arguments, **names)

            session.run = meet  # type: ignore[method-assign]
            found.append(publish(session, landed, RUN))

    threads = [threading.Thread(target=publish_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome is None for outcome in found) == [False, True]
    assert is_published_once(pipeline, landed)
