"""The REST API with 50 clients at once: cold, cached and unchanged (304), beside asking the warehouse directly."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import requests

from include.warehouse import Warehouse
from local.benchmarks import api_direct
from local.benchmarks.benchmark import BenchmarkError, Row, Setting
from local.benchmarks.generated_warehouse import built_warehouse
from local.benchmarks.measured import REPOSITORY, run_measured
from local.stack import Stack
from plugins.analytics import keys
from plugins.analytics.settings import API_PREFIX, Settings

DATASET = "simulated:customers=300,days=120,end=2026-06-30"
LAST_DAY = date(2026, 6, 30)
COLD_PER_CLIENT = 4
START_SECONDS = 180  # a machine may be busy with other things
TARGET_CACHED_MS = 20.0
TARGET_UNCHANGED_MS = 5.0
UNLIMITED = 100_000_000
PATHS = (
    "/analytics/summary",
    "/revenue",
    "/metrics/kpis",
    "/conversion/funnel",
    "/customers/segments",
    "/cohorts/retention",
    "/products/performance",
    "/categories",
    "/experiments",
    "/carts/abandonment",
)


@dataclass(frozen=True)
class Size:
    """Clients at once, seconds of a load, keys with a limit and the requests a minute that it allows."""

    clients: int
    seconds: int
    limited_keys: int
    requests_per_minute: int


FULL = Size(clients=50, seconds=8, limited_keys=10, requests_per_minute=600)
TINY = Size(clients=2, seconds=1, limited_keys=1, requests_per_minute=60)


def run(setting: Setting) -> list[Row]:
    """Milliseconds and requests a second of one process of the API.

    Raises:
        BenchmarkError: the shop could not be built, the API did not start, or an answer was another than expected.
    """
    size = setting.size(FULL, TINY)
    folder = setting.folder("api")
    with built_warehouse(setting, "api", DATASET) as shop:
        environment = shop.client_environment() | {"API_REQUESTS_PER_MINUTE": str(size.requests_per_minute)}
        with _served(folder, environment) as port:
            loaded = _Load(port, folder, size, _keys(shop.warehouse, size.clients, UNLIMITED))
            setting.say(f"{size.clients} clients, questions that nobody asked before")
            cold = loaded.cold()
            setting.say(f"{size.clients} threads, the statements of the same questions directly to the warehouse")
            direct = _direct(shop.stack, size.clients)
            setting.say(f"{size.clients} clients, kept answers")
            cached = loaded.cached()
            alone = loaded.cached(clients=1)
            setting.say(f"{size.clients} clients, answers that they have already")
            unchanged = loaded.unchanged()
            unchanged_alone = loaded.unchanged(clients=1)
            setting.say(f"{size.limited_keys} keys, each as often as it may")
            limited = loaded.limited(_keys(shop.warehouse, size.limited_keys, None))
    return [
        _row(
            f"API, cold, {size.clients} clients",
            cold,
            f"the same statements without the API, {size.clients} threads on {direct['sessions']} sessions as its pool "
            f"has: {_shown(direct)}",
            details={"direct": direct},
        ),
        _row(f"API, cached, {size.clients} clients", cached, f"one client: {_shown(alone)}", TARGET_CACHED_MS),
        _row(
            f"API, unchanged (304), {size.clients} clients",
            unchanged,
            f"one client: {_shown(unchanged_alone)}",
            TARGET_UNCHANGED_MS,
            details={"one_client": unchanged_alone},
        ),
        Row(
            what=f"API, {size.limited_keys} keys, {size.requests_per_minute} requests each within a minute",
            figure=f"{limited['statuses'].get('200', 0):,} of {limited['requests']:,} answered",
            target="all",
            reached=limited["statuses"] == {"200": size.limited_keys * size.requests_per_minute},
            details=limited,
        ),
    ]


class _Load:
    """Loads of clients on one API, each client with a key of its own."""

    def __init__(self, port: int, folder: Path, size: Size, api_keys: list[str]) -> None:
        self._port = port
        self._folder = folder
        self._size = size
        self._keys = api_keys

    def cold(self) -> dict[str, Any]:
        """Each client asks a few questions of its own, once."""
        clients = [_client(key, _own(number)) for number, key in enumerate(self._keys)]
        return self._ask(clients, {"200": len(clients) * COLD_PER_CLIENT}, count=COLD_PER_CLIENT)

    def cached(self, clients: int | None = None) -> dict[str, Any]:
        """All ask the same questions again and again."""
        asked = [_client(key, PATHS) for key in self._keys[:clients]]
        self._ask(asked[:1], {"200": len(PATHS)}, count=len(PATHS))
        return self._ask(asked, only="200", seconds=self._size.seconds)

    def unchanged(self, clients: int | None = None) -> dict[str, Any]:
        """All have the answers already."""
        etags = {path: self._etag(path) for path in PATHS}
        asked = [_client(key, PATHS, etags) for key in self._keys[:clients]]
        return self._ask(asked, only="304", seconds=self._size.seconds)

    def limited(self, api_keys: list[str]) -> dict[str, Any]:
        """Every key asks as often as the usual limit allows in a minute, all at once."""
        return self._ask([_client(key, PATHS) for key in api_keys], count=self._size.requests_per_minute)

    def _ask(
        self,
        clients: list[dict[str, Any]],
        expected: dict[str, int] | None = None,
        only: str | None = None,
        **until: int,
    ) -> dict[str, Any]:
        task = {"port": self._port, "clients": clients, **until}
        answer = run_measured("local.benchmarks.api_load", task, self._folder, {}).answer
        if (expected and answer["statuses"] != expected) or (only and set(answer["statuses"]) != {only}):
            raise BenchmarkError(f"the API answered {answer['statuses']} instead of {expected or only}")
        return answer

    def _etag(self, path: str) -> str:
        headers = {"Authorization": f"Bearer {self._keys[0]}"}
        return requests.get(f"http://127.0.0.1:{self._port}{API_PREFIX}{path}", headers=headers, timeout=60).headers[
            "etag"
        ]


def _client(key: str, paths: Sequence[str], etags: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A client and what it asks, in the words of api_load."""
    return {"key": key, "asked": [[API_PREFIX + path, (etags or {}).get(path)] for path in paths]}


def _direct(stack: Stack, count: int) -> dict[str, Any]:
    """The statements of all cold questions without the API: a thread for each client, as many sessions as its pool."""
    clients = [api_direct.statements(_first(number), LAST_DAY)[:COLD_PER_CLIENT] for number in range(count)]
    return api_direct.ask(stack, Settings().pool_size, clients)


def _first(number: int) -> date:
    return LAST_DAY - timedelta(days=60 + number)


def _limit(number: int) -> int:
    return number + 100


def _own(number: int) -> list[str]:
    """Questions that only this client asks."""
    first = _first(number)
    return [
        f"/revenue?start_date={first}",
        f"/products/performance?limit={_limit(number)}",
        f"/conversion/funnel?start_date={first}",
        f"/analytics/summary?start_date={first}",
    ][:COLD_PER_CLIENT]


def _keys(warehouse: Warehouse, count: int, requests_per_minute: int | None) -> list[str]:
    """New keys, made long enough ago for the API to look for them."""
    made = [
        keys.create(warehouse, "benchmark", [keys.ANALYTICS_READ], timedelta(days=1), requests_per_minute)
        for _ in range(count)
    ]
    time.sleep(Settings().unknown_key_seconds)
    return made


@contextmanager
def _served(folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """The port of an API in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "plugins.analytics", "serve", "--port", str(port)]
    with (folder / "api.log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=REPOSITORY, stdout=log, stderr=log)
    try:
        _wait_until_ready(process, port, folder)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    last = "it never answered"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/ready", timeout=30)
            if answer.ok:
                return
            last = f"it answered {answer.status_code} {answer.text}"
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise BenchmarkError(f"the API was not ready within {START_SECONDS} s: {last}; see {folder / 'api.log'}")


def _row(what: str, measured: dict[str, Any], compared: str, target: float | None = None, **more: Any) -> Row:
    details = {**measured, **more.get("details", {})}
    return Row(
        what=what,
        figure=_shown(measured),
        compared_with=compared,
        target=f"p95 < {target:g} ms" if target else "",
        reached=measured["p95"] < target if target else None,
        details=details,
    )


def _shown(measured: dict[str, Any]) -> str:
    return (
        f"p50 {measured['p50']:.1f}, p95 {measured['p95']:.1f}, p99 {measured['p99']:.1f} ms; "
        f"{measured['per_second']:,.0f}/s"
    )
