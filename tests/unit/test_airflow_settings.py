"""airflow_settings.yaml: complete, of the form the Astro CLI reads, and fitted to wherever the stack runs."""

import json
import re
from pathlib import Path

import pytest

from include import config
from local.airflow_settings import FILE, SettingsError, read_settings
from local.stack import REPOSITORY, Stack

POOL = re.compile(r"pool=(?:config\.)?(\w+)")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    key = tmp_path / "airflow.p8"
    key.write_text("-----BEGIN PRIVATE KEY-----\n")
    return Stack(
        started_at="2026-06-30T00:00:00+00:00",
        dataset="simulated",
        dataset_dir=tmp_path,
        ca_file=tmp_path / "ca.pem",
        services={},
        endpoints={
            "snowflake": {
                "host": "localhost",
                "port": 1001,
                "account": "local",
                "user": "AIRFLOW",
                "private_key_file": str(key),
                "database": "ANALYTICS",
            },
            "s3": {
                "endpoint_url": "http://127.0.0.1:1002",
                "access_key": "a",
                "secret_key": "b",
                "region": "eu-west-1",
            },
            "postgres": {
                "host": "127.0.0.1",
                "port": 1003,
                "order_db": "shop",
                "reader": "shop_reader",
                "reader_password": "local",
            },
            "saas": {"base_url": "https://localhost:1004"},
            "smtp": {"host": "127.0.0.1", "port": 1005},
        },
    )


def test_every_connection_that_the_code_names_is_there() -> None:
    named = {
        config.WAREHOUSE,
        config.WAREHOUSE_READER,
        config.WAREHOUSE_PII_READER,
        config.LAKE,
        config.ORDER_DB,
        config.GOOGLE_ANALYTICS,
        config.CRM,
        config.CATALOG,
        config.LOOKER,
        config.SLACK_ALERTS,
        config.SMTP,
        config.EMAIL_HASH_KEY,
    }
    assert {connection.conn_id for connection in read_settings().connections} == named


def test_every_pool_that_the_code_names_is_there_and_none_besides() -> None:
    text = "".join(file.read_text() for folder in ("dags", "include") for file in (REPOSITORY / folder).glob("*.py"))
    named = {getattr(config, name) for name in POOL.findall(text) if name.isupper()}
    assert named == {pool.name for pool in read_settings().pools}


def test_connections_lead_to_the_running_stack(stack: Stack) -> None:
    text = json.dumps(read_settings().for_stack(stack).environment())
    for port in (1001, 1002, 1003, 1004, 1005):
        assert str(port) in text
    assert not re.search(r"\b45[1-5]0\b", text), "a default port of the stack is left"


def test_airflow_understands_the_variables(stack: Stack) -> None:
    from airflow.sdk import Connection

    variables = read_settings().for_stack(stack).environment()
    warehouse = Connection.from_json(variables["AIRFLOW_CONN_WAREHOUSE"], conn_id="warehouse")
    assert (warehouse.conn_type, warehouse.login, warehouse.schema) == ("snowflake", "AIRFLOW", None)
    assert warehouse.extra_dejson["port"] == 1001
    order_db = Connection.from_json(variables["AIRFLOW_CONN_ORDER_DB"], conn_id="order_db")
    assert (order_db.host, order_db.port, order_db.schema) == ("127.0.0.1", 1003, "shop")


def test_airflow_reads_the_connections_from_a_file(stack: Stack, tmp_path: Path) -> None:
    from airflow.secrets.local_filesystem import LocalFilesystemBackend

    settings, file = read_settings().for_stack(stack), tmp_path / "connections.json"
    file.write_text(json.dumps(settings.as_file()))
    backend = LocalFilesystemBackend(connections_file_path=str(file))
    for made in settings.connections:
        read = backend.get_connection(made.conn_id)
        assert read is not None, made.conn_id
        assert (read.conn_type, read.host, read.port, read.login, read.password) == (
            made.conn_type,
            made.host,
            made.port,
            made.login,
            made.password,
        )
        assert read.extra_dejson == made.extra


def test_an_incomplete_entry_is_named(tmp_path: Path) -> None:
    file = tmp_path / FILE.name
    file.write_text("airflow:\n  connections:\n    - conn_id: lake\n")
    with pytest.raises(SettingsError, match="conn_type"):
        read_settings(file)
