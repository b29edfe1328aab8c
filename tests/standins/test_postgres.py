"""The order database: its rows, types and read-only role."""

from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from include.contracts import tables_of
from local.postgres import Cluster, load_shop
from local.stack import Stack
from tests.standins import tiny_dataset


@pytest.fixture
def reader(stack: Stack) -> psycopg.Connection:
    endpoint = stack.endpoints["postgres"]
    with psycopg.connect(
        host=endpoint["host"],
        port=endpoint["port"],
        dbname=endpoint["order_db"],
        user=endpoint["reader"],
        password=endpoint["reader_password"],
        autocommit=True,
    ) as connection:
        yield connection


def test_rows_arrive_as_they_are(reader: psycopg.Connection):
    rows = reader.execute(
        "select order_id, email, channel, country, total_amount from orders order by order_id"
    ).fetchall()
    assert rows == [
        ("O1", None, "web", "GB", Decimal("12.3400")),
        ("O2", "", 'a "quoted", channel\nof two lines', None, Decimal("0.0001")),
    ]
    assert reader.execute("select quantity, amount, reason from refunds").fetchall() == [
        (None, Decimal("1.5000"), None)
    ]
    assert reader.execute("select updated_at at time zone 'utc' from orders limit 1").fetchone()[0].isoformat() == (
        "2026-03-01T12:00:00"
    )


def test_updated_at_is_indexed(reader: psycopg.Connection):
    indexed = reader.execute("select tablename from pg_indexes where indexdef like '%(updated_at)%'").fetchall()
    assert {row[0] for row in indexed} == set(tables_of("orders"))


def test_the_reader_cannot_write(reader: psycopg.Connection):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("delete from orders")
    reader.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("delete from orders")


def test_the_airflow_database_is_reached_through_the_socket(stack: Stack):
    endpoint = stack.endpoints["postgres"]
    with psycopg.connect(
        host=endpoint["socket_dir"], port=endpoint["port"], dbname=endpoint["airflow_db"], user=endpoint["user"]
    ) as connection:
        assert connection.execute("show server_version").fetchone()[0].startswith("18")


def test_loading_again_reads_nothing_and_a_changed_data_set_replaces_everything(stack: Stack, tmp_path: Path):
    cluster = Cluster(Path(stack.endpoints["postgres"]["socket_dir"]), stack.endpoints["postgres"]["port"])
    said: list[str] = []
    load_shop(cluster, stack.dataset_dir, said.append)
    assert said == []
    load_shop(cluster, tiny_dataset.write(tmp_path / "other"), said.append)
    assert said == ["order database: 2 orders", "order database: 2 order items", "order database: 1 refunds"]
    load_shop(cluster, stack.dataset_dir, said.append)
    assert len(said) == 6
