"""Clients of the outside systems are made once a process where making one takes long."""

import json

import pytest

from include import clients

LAKE = {"conn_type": "aws", "login": "key", "password": "secret", "extra": {"region_name": "eu-west-2"}}


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """The connection to the lake, with other settings."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))

    def connect(**changes):
        monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(LAKE | changes))

    connect()
    return connect


def test_a_process_has_one_client_of_the_lake_for_each_connection_and_setting(connection, monkeypatch):
    client = clients.lake_client()
    assert clients.lake_client() is client
    connection(password="another")
    other = clients.lake_client()
    assert other is not client
    assert other._request_signer._credentials.secret_key == "another"
    monkeypatch.setattr(clients, "LAKE_TRIES", 1)
    assert clients.lake_client() is not other


def test_the_client_of_the_lake_is_as_the_connection_says_and_gives_up_in_the_end(connection):
    connection(extra=LAKE["extra"] | {"endpoint_url": "http://127.0.0.1:9000", "verify": False})
    client = clients.lake_client()
    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:9000", "eu-west-2")
    assert client._endpoint.http_session._verify is False
    settings = client.meta.config
    assert (settings.connect_timeout, settings.read_timeout) == (clients.CONNECT_SECONDS, clients.LAKE_READ_SECONDS)
    assert settings.retries == {"total_max_attempts": clients.LAKE_TRIES, "mode": "standard"}
