"""When the warehouse is away or nothing is built, the API says so and when to come again; it recovers by itself."""

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from snowflake.connector.errors import OperationalError, ProgrammingError

from include.warehouse import open_warehouse
from plugins.analytics import keys, sessions
from tests.api.conftest import Client


@pytest.fixture
def nowhere(shop, monkeypatch: pytest.MonkeyPatch):
    """A connection that leads to a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    import os

    connection = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE_READER"])
    connection["extra"]["port"] = port
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_READER", json.dumps(connection))


def test_a_warehouse_that_is_away(nowhere, serve, api):
    client = Client(serve(login_seconds=1, retry_seconds=30), api.key)
    for path in ("/analytics/summary", "/ready"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("warehouse-away")
        assert int(answer.headers["retry-after"]) >= 1
        assert "127.0.0.1" not in answer.text
    assert client.get("/health").status_code == 200
    assert client.get("/metrics").status_code == 200


def test_a_session_that_ended_is_replaced(serve, api, monkeypatch: pytest.MonkeyPatch):
    """The warehouse forgets a session; whoever asks next does not notice."""
    import snowflake.connector

    opened = []
    connect = snowflake.connector.connect

    def remembered(*args, **options):
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(snowflake.connector, "connect", remembered)
    client = Client(serve(), api.key)
    assert client.get("/analytics/summary").status_code == 200
    for session in opened:
        session.close()
    assert client.get("/revenue").status_code == 200
    assert len(opened) > 1


def test_nothing_is_built_yet(shop, serve, api, warehouse):
    with open_warehouse("test") as session:
        session.execute("alter table audit.builds rename to audit.builds_kept")
        session.execute("create table audit.builds as select * from audit.builds_kept where 1 = 0")
        try:
            client = Client(serve(), api.key)
            for path in ("/analytics/summary", "/ready"):
                answer = client.get(path)
                assert (answer.status_code, answer.json()["type"]) == (503, "urn:analytics:problem:not-built")
        finally:
            session.execute("drop table audit.builds")
            session.execute("alter table audit.builds_kept rename to audit.builds")
    time.sleep(0.5)
    assert client.get("/analytics/summary").status_code == 200


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], None]:
    """Have something done before each query of an operation, on the session that the query has taken."""
    run, done = sessions._run, {}

    def preceded(session, operation, statement, values):
        done.get(operation, lambda: None)()
        return run(session, operation, statement, values)

    monkeypatch.setattr(sessions, "_run", preceded)
    return done.__setitem__


class Held(threading.Event):
    """Until it is set, every query that comes to `hold` keeps its session."""

    def __init__(self) -> None:
        super().__init__()
        self._came = threading.Semaphore(0)

    def hold(self) -> None:
        self._came.release()
        self.wait(30)

    def wait_for(self, queries: int) -> None:
        """Return when so many are held."""
        assert all(self._came.acquire(timeout=30) for _ in range(queries))


@pytest.fixture
def held(before):
    """Holds every query of listed products until it is set."""
    held = Held()
    before("listProducts", held.hold)
    yield held
    held.set()


def fails_with(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_slow_questions_hold_up_no_kept_answer(serve, api, held, make_key):
    client = Client(serve(pool_size=2, pool_wait_seconds=0.3), api.key)
    etag = client.get("/analytics/summary").headers["etag"]
    new = Client(client.base_url, make_key(keys.ANALYTICS_READ, keys.CUSTOMERS_READ))
    with ThreadPoolExecutor(2) as together:
        slow = [together.submit(client.get, "/products/performance", sort=by) for by in ("unit_count", "view_count")]
        held.wait_for(2)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            assert client.get("/analytics/summary").status_code == 200
            assert client.get("/analytics/summary", headers={"If-None-Match": etag}).status_code == 304
            assert client.get("/ready").status_code == 200
            refused = client.get("/revenue", start_date="2026-06-02")
            assert (refused.status_code, refused.json()["type"]) == (503, "urn:analytics:problem:warehouse-busy")
            assert int(refused.headers["retry-after"]) >= 1
        assert new.get("/analytics/summary").status_code == 200, "a new key is looked for beside the questions"
        assert new.get("/revenue").status_code == 503
        held.set()
        assert [answer.result().status_code for answer in slow] == [200, 200]
    assert client.get("/revenue", start_date="2026-06-02").status_code == 200


def test_a_question_that_takes_too_long(serve, api, before):
    client = Client(serve(), api.key)
    before("listRevenue", fails_with(ProgrammingError("statement reached its timeout", errno=630)))
    answer = client.get("/revenue")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:analytics:problem:warehouse-slow")
    assert int(answer.headers["retry-after"]) >= 1
    assert client.get("/analytics/summary").status_code == 200


def test_while_the_build_check_is_too_slow_the_last_known_build_is_served(serve, api, before):
    client = Client(serve(check_wait_seconds=0.2), api.key)
    known = client.get("/analytics/summary").json()["meta"]["build_id"]
    free = threading.Event()
    for delay in (fails_with(ProgrammingError("statement was cancelled", errno=604)), lambda: free.wait(30)):
        before("newestBuild", delay)
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            for path in ("/analytics/summary", "/categories"):
                answer = client.get(path)
                assert (answer.status_code, answer.json()["meta"]["build_id"]) == (200, known)
            assert client.get("/ready").status_code == 200
    free.set()


def test_a_warehouse_that_goes_away_is_told_also_of_kept_answers(serve, api, before):
    client = Client(serve(), api.key)
    assert client.get("/analytics/summary").status_code == 200
    before("newestBuild", fails_with(OperationalError("no route")))
    time.sleep(0.5)
    for path in ("/analytics/summary", "/ready"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:analytics:problem:warehouse-away")
    before("newestBuild", lambda: None)
    time.sleep(0.5)
    assert client.get("/analytics/summary").status_code == 200
