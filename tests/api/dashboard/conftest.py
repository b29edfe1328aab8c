"""Chromium, and the dashboard opened in it with a key. Every page must stay free of errors and of outside requests."""

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from include.warehouse import Warehouse
from tests.api.conftest import Client

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 1000
PATIENCE = 90 * SECONDS
STORE_KEY = "if (!sessionStorage.getItem('left')) sessionStorage.setItem('analytics-api-key', {})"
SETTLED = "body[data-state=settled]:not(:has(.chart[data-chart=drawing]:not([hidden] *)))"
READ = "cells => cells.map(cell => [cell.closest('[data-key]')?.dataset.key ?? '', cell.dataset.value])"


def find_chromium() -> str:
    """Path of a Chromium. Fails the test that asks when there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail("the dashboard's tests need Chromium: `apt-get install chromium`, or CHROMIUM=/path/to/it")
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package", autouse=True)
def gated(warehouse: Warehouse) -> Iterator[None]:
    """What gates said of three batches; the shop was built without gates."""
    checks = (
        ("orders__shop", "orders", "critical", True, 0),
        ("orders__shop", "orders", "warning", True, 0),
        ("refunds__shop", "refunds", "critical", True, 1),
        ("refunds__shop", "refunds", "warning", False, 1),
        ("products__stopped", "products", "critical", False, 2),
    )
    for number, (batch, table, severity, success, minute) in enumerate(checks):
        values = f"'{batch}', '{table}', 'check_{number}', null, '{severity}', {success}, 0, 100, null"
        warehouse.execute(
            f"insert into audit.gate_results select {values}, '2026-07-01 03:0{minute}:00'::timestamp_ntz"
        )
    yield
    warehouse.execute("delete from audit.gate_results where startswith(expectation, 'check_')")


@dataclass
class Dashboard:
    """A page of the dashboard, and what went wrong on it."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)
    """Patterns of errors that the test provokes."""
    requested: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> "Dashboard":
        """Load the page and wait until all of it is there."""
        self.page.goto(self.address + "/" + query)
        return self.settle()

    def settle(self) -> "Dashboard":
        """Wait until every panel has ended, well or not, and every visible chart is drawn."""
        self.page.locator(SETTLED).wait_for()
        return self

    def panel(self, name: str, state: str = "ready") -> Locator:
        """A panel, once it is in the state."""
        panel = self.page.locator(f"[data-panel={name}]")
        expect(panel).to_have_attribute("data-state", state)
        return panel

    def filter(self, label: str) -> Locator:
        """A field of the filters."""
        return self.page.locator("#filters").get_by_label(label, exact=True)

    def asked(self) -> set[str]:
        """The paths of the API that were asked since `requested` was cleared."""
        paths = (url.split("?")[0].partition("/api/v1")[2] for url in self.requested)
        return {path for path in paths if path}

    def values(self, panel: str, metric: str) -> list[str]:
        """The raw values of a metric, as they stand in the page from top to bottom."""
        return [value for _, value in self.pairs(panel, metric)]

    def by_key(self, panel: str, metric: str) -> dict[str, str]:
        """The raw values of a metric by the key of their rows."""
        return dict(self.pairs(panel, metric))

    def pairs(self, panel: str, metric: str) -> list[list[str]]:
        """The raw values of a metric, each after the key of its row."""
        return self.panel(panel).locator(f"[data-metric={metric}]").evaluate_all(READ)

    @property
    def query(self) -> dict[str, str]:
        """What the address of the page names."""
        return {name: value for name, [value] in parse_qs(urlsplit(self.page.url).query).items()}

    def change(self, path: str, edit: Callable[[Any], None]) -> None:
        """Let the API answer a path with something else: `edit` changes the JSON."""

        def answer(route: Any) -> None:
            response = route.fetch()
            body = response.json()
            edit(body)
            route.fulfill(response=response, json=body)

        self.page.route(re.compile(re.escape(path) + r"(\?|$)"), answer)

    def hold(self, pattern: re.Pattern[str]) -> Callable[[], None]:
        """Keep requests waiting until the function that this returns is called."""
        held: list[Any] = []
        is_open = False

        def keep(route: Any) -> None:
            if is_open:
                route.continue_()
            else:
                held.append(route)

        def release() -> None:
            nonlocal is_open
            is_open = True
            for route in held:
                route.continue_()

        self.page.route(pattern, keep)
        return release

    def check(self) -> None:
        """Nothing went wrong that the test did not provoke, and nobody else was asked for anything."""
        unexpected = [fault for fault in self.faults if not any(re.search(each, fault) for each in self.forgiven)]
        assert not unexpected
        assert not [url for url in self.requested if not url.startswith(self.address + "/")]


@pytest.fixture
def visit(browser: Browser, address: str, api: Client) -> Iterator[Callable[..., Dashboard]]:
    """A dashboard in a browser context of its own; `key` None opens it signed out."""
    opened: list[Dashboard] = []

    def make(key: str | None = api.key, address: str = address, **options: Any) -> Dashboard:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options})
        context.set_default_timeout(PATIENCE)
        if key:
            context.add_init_script(STORE_KEY.format(json.dumps(key)))
        dashboard = Dashboard(context.new_page(), address)
        dashboard.page.on(
            "console", lambda said: said.type in ("error", "warning") and dashboard.faults.append(said.text)
        )
        dashboard.page.on("pageerror", lambda error: dashboard.faults.append(str(error)))
        dashboard.page.on("request", lambda request: dashboard.requested.append(request.url))
        opened.append(dashboard)
        return dashboard

    yield make
    for dashboard in opened:
        dashboard.page.context.close()
        dashboard.check()


@pytest.fixture
def dashboard(visit: Callable[..., Dashboard]) -> Dashboard:
    """A signed-in dashboard, not loaded yet."""
    return visit()


@pytest.fixture(scope="module")
def spans(warehouse: Warehouse) -> list[tuple[date, date]]:
    """First and last days, by chance: single days, weeks, most of the history."""
    [(first, last)] = warehouse.execute("select min(date_day), max(date_day) from marts.agg_daily_kpis").fetchall()
    chance = random.Random(20)
    days = (last - first).days
    begins = [first + timedelta(chance.randrange(days)) for _ in range(8)]
    return [(begin, min(last, begin + timedelta(chance.choice((0, 6, chance.randrange(60)))))) for begin in begins]
