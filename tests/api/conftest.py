"""A small shop built once, the API served on it in this process, and clients with keys of every kind."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from include.warehouse import Warehouse, open_warehouse
from local.built_shop import build_shop
from local.stack import Stack
from plugins.analytics import keys
from plugins.analytics.api import create_app
from plugins.analytics.settings import API_PREFIX, Settings
from tests.built import running_stack

DATASET = "simulated:customers=150,days=75,seed=11,end=2026-06-30"
SETTINGS = Settings(
    requests_per_minute=1_000_000,
    failed_sign_ins_per_minute=1_000_000,
    build_check_seconds=0.2,
    key_check_seconds=0.5,
    unknown_key_seconds=0,
    retry_seconds=0.2,
)


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack whose marts are built; Airflow connections to it stand in the environment."""

    def build(stack: Stack) -> None:
        build_shop(stack, tmp_path_factory.mktemp("dbt"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        with running_stack("shop", DATASET, build, tmp_path_factory) as stack:
            yield stack


@pytest.fixture(scope="package")
def warehouse(shop: Stack) -> Iterator[Warehouse]:
    """A session of the tests' own."""
    with open_warehouse("test") as session:
        yield session


@pytest.fixture(scope="package")
def sql(warehouse: Warehouse) -> Callable[..., list[dict[str, Any]]]:
    """Rows of a query, by lower-case names."""

    def rows(query: str) -> list[dict[str, Any]]:
        cursor = warehouse.execute(query)
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return rows


@dataclass
class Client:
    """Asks the API with a key."""

    base_url: str
    key: str | None = None

    def get(self, path: str, headers: dict[str, str] | None = None, **parameters: Any) -> requests.Response:
        """The answer to a path below the API's prefix, or to a whole one."""
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        url = self.base_url + ("" if path in ("/health", "/ready", "/metrics", "/openapi.json") else API_PREFIX) + path
        return requests.get(url, params=parameters, headers=own | (headers or {}), timeout=60)

    def data(self, path: str, **parameters: Any) -> Any:
        """The data of a good answer."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


class Served:
    """An application served over HTTP by a thread of this process."""

    def __init__(self, app: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="package")
def serve() -> Iterator[Callable[..., str]]:
    """Serve an API with other settings than the tests' usual ones; returns its address."""
    running: list[Served] = []

    def start(**changes: Any) -> str:
        running.append(Served(create_app(replace(SETTINGS, **changes))))
        return running[-1].base_url

    yield start
    for each in running:
        each.stop()


@pytest.fixture(scope="package")
def make_key(warehouse: Warehouse) -> Callable[..., str]:
    """Make a key with scopes."""

    def make(*scopes: str, lasting: timedelta = timedelta(days=1), **options: Any) -> str:
        return keys.create(warehouse, "test", scopes, lasting, **options)

    return make


@pytest.fixture(scope="package")
def address(shop: Stack, serve: Callable[..., str]) -> str:
    """Where the API is served."""
    return serve()


@pytest.fixture(scope="package")
def api(address: str, make_key: Callable[..., str]) -> Client:
    """A client that may read all but personal data."""
    return Client(address, make_key(keys.ANALYTICS_READ, keys.CUSTOMERS_READ))


@pytest.fixture(scope="package")
def api_with_pii(address: str, make_key: Callable[..., str]) -> Client:
    """A client that may read everything."""
    return Client(address, make_key(*keys.SCOPES))


@pytest.fixture(scope="package")
def figures_only(address: str, make_key: Callable[..., str]) -> Client:
    """A client that may read no row of a single customer."""
    return Client(address, make_key(keys.ANALYTICS_READ))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
