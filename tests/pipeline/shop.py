"""Sources of a test's own: an order database whose tables it may break, and hosted services over files it wrote."""

import contextlib
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import uvicorn
from psycopg import sql

from include.contracts import contract
from local.airflow_settings import read_settings
from local.postgres import Cluster, shop_tables
from local.saas.app import create_app
from local.stack import Stack

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
_numbers = itertools.count(1)
_DEFAULTS: dict[str, dict[str, Any]] = {
    "orders": {
        "customer_id": "C1",
        "email": None,
        "status": "paid",
        "channel": "web",
        "country": "GB",
        "currency": "GBP",
        "total_amount": Decimal("12.3450"),
        "ordered_at": AT,
        "updated_at": AT,
    },
    "order_items": {
        "order_id": "O1",
        "product_id": "P1",
        "quantity": 2,
        "unit_price": Decimal("3.3330"),
        "discount_amount": Decimal(0),
        "line_amount": Decimal("6.6660"),
        "updated_at": AT,
    },
    "refunds": {"order_id": "O1", "amount": Decimal("1.5000"), "refunded_at": AT, "updated_at": AT},
}
_VALUES: dict[str, Any] = {
    "varchar": "text",
    "number(18, 4)": Decimal("1.5000"),
    "number(18, 0)": 1,
    "timestamp_ntz": AT,
    "date": AT.date(),
    "boolean": True,
}


@dataclass
class OrderDatabase:
    """A database with the shop's empty tables, without keys: a test may put in what it likes."""

    connection: psycopg.Connection

    def put(self, table: str, key: str, **changes: Any) -> None:
        """One row, right unless changed."""
        agreed = contract(table)
        right = _DEFAULTS.get(table) or {column.name: _VALUES[column.type] for column in agreed.columns}
        row = right | {agreed.key[0]: key} | changes
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        self.connection.execute(statement, list(row.values()))

    def run(self, statement: str) -> None:
        self.connection.execute(statement.encode())


@pytest.fixture
def order_db(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[OrderDatabase]:
    """An order database of the test's own, to which the connection `order_db` leads."""
    endpoint = stack.endpoints["postgres"]
    cluster = Cluster(Path(endpoint["socket_dir"]), endpoint["port"])
    name = f"faults_{next(_numbers)}"
    with cluster.connect() as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with cluster.connect(name) as connection:
        for table, columns in shop_tables().items():
            connection.execute(f"create table {table} ({columns})".encode())
        changed = json.loads(os.environ["AIRFLOW_CONN_ORDER_DB"]) | {"schema": name}
        monkeypatch.setenv("AIRFLOW_CONN_ORDER_DB", json.dumps(changed))
        yield OrderDatabase(connection)
    with cluster.connect() as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@dataclass
class Services:
    """The hosted services, and the faults put into them."""

    base_url: str

    def fail(self, service: str, **fault: Any) -> None:
        body = {"service": service, **fault}
        requests.post(f"{self.base_url}/_control/faults", json=body, timeout=5).raise_for_status()

    def pending(self) -> list[dict[str, Any]]:
        """Faults that no request has met yet."""
        return requests.get(f"{self.base_url}/_control/faults", timeout=5).json()

    def mend(self) -> None:
        requests.delete(f"{self.base_url}/_control/faults", timeout=5).raise_for_status()


@pytest.fixture
def services(stack: Stack) -> Iterator[Services]:
    """The stack's hosted services, whole again at the end."""
    running = Services(stack.endpoints["saas"]["base_url"])
    running.mend()
    yield running
    running.mend()


@contextmanager
def served(dataset: Path, stack: Stack, state: Path) -> Iterator[Services]:
    """Hosted services over another data set, in this process; the connections lead to them meanwhile."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    base_url = f"https://localhost:{listener.getsockname()[1]}"
    tls = stack.ca_file.parent
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(dataset, state),
            ssl_certfile=tls / "server.pem",
            ssl_keyfile=tls / "server.key",
            log_level="error",
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    moved = replace(stack, endpoints=stack.endpoints | {"saas": {"base_url": base_url}})
    names = ("AIRFLOW_CONN_CATALOG", "AIRFLOW_CONN_CRM", "AIRFLOW_CONN_GOOGLE_ANALYTICS")
    with pytest.MonkeyPatch.context() as patch, contextlib.closing(listener):
        for name, value in read_settings().for_stack(moved).environment().items():
            if name in names:
                patch.setenv(name, value)
        yield Services(base_url)
        server.should_exit = True
        thread.join(timeout=5)
