"""When the warehouse is away or nothing is built, the API says so and when to come again; it recovers by itself."""

import json
import socket

import pytest

from include.warehouse import open_warehouse
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
    for path in ("/summary", "/ready"):
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
    assert client.get("/summary").status_code == 200
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
            for path in ("/summary", "/ready"):
                answer = client.get(path)
                assert (answer.status_code, answer.json()["type"]) == (503, "urn:analytics:problem:not-built")
        finally:
            session.execute("drop table audit.builds")
            session.execute("alter table audit.builds_kept rename to audit.builds")
    import time

    time.sleep(0.5)
    assert client.get("/summary").status_code == 200
