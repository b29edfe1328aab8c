"""After a build: which marts it changed, and that Looker runs again exactly the queries that read one of them."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from looker_sdk.error import SDKError

from include import alert_events, config, http_session, lineage, warming
from include.building import record
from include.lineage import Dashboard, Lineage
from include.looker import Warmed, looker_client, warm_looker
from include.warehouse import Warehouse
from local.stack import Stack
from tests.pipeline.conftest import Pipeline
from tests.pipeline.rows import order, product

INPUTS = {
    "fct_orders": frozenset({"orders"}),
    "dim_customers": frozenset({"customers"}),
    "agg_daily_kpis": frozenset({"orders", "data_through"}),
    "agg_product_performance": frozenset({"orders", "products"}),
    "agg_category_performance": frozenset({"orders", "products"}),
    "mart_best_selling_products": frozenset({"orders", "products"}),
    "product_recommendations": frozenset({"orders", "products"}),
    "fct_refunds": frozenset({"refunds"}),
    "dim_products": frozenset({"products"}),
}
PRODUCTS = Dashboard("analytics::products", "Products and categories")
LINEAGE = Lineage(INPUTS, (PRODUCTS,))


# -- what a build has changed ------------------------------------------------------------------------------------


@pytest.fixture
def build(warehouse: Warehouse) -> Callable[..., dict[str, str]]:
    """Stands for dbt: takes the batches in that are pending, and records the build; gives what it changed, and why."""

    def run(day: str = "2026-06-01", again: bool = False, **how: Any) -> dict[str, str]:
        if not again:
            warehouse.execute(
                "create or replace table intermediate.int_build as "
                "select coalesce(max(build_number), 0) + 1 as build_number from audit.builds"
            )
            warehouse.execute(
                "create or replace table intermediate.int_pending_batches as select batch_id, table_name "
                "from audit.loads where batch_id not in (select batch_id from audit.built_batches)"
            )
            warehouse.execute(
                f"create or replace table intermediate.int_data_through as select '{day}'::date as data_through"
            )
        number, _ = record(warehouse, "run", None, INPUTS, **how)
        made = warehouse.execute("select build_number, mart, reason from audit.built_marts").fetchall()
        return {mart: reason for build_number, mart, reason in made if build_number == number}

    return run


def test_a_build_changes_the_marts_downstream_of_what_it_took_in(pipeline: Pipeline, build) -> None:
    assert build() == dict.fromkeys(INPUTS, "first build")
    assert build() == {}
    pipeline.load("products", [product()])
    by_products = {mart for mart, inputs in INPUTS.items() if "products" in inputs}
    assert build() == dict.fromkeys(by_products, "products")
    assert build() == {}


def test_a_batch_that_brought_nothing_changes_nothing(pipeline: Pipeline, build) -> None:
    pipeline.load("orders", [order()])
    build()
    pipeline.load("orders", [order()])  # the same version once more
    assert build() == {}
    pipeline.load("orders", [order(status="shipped", updated_at=datetime(2026, 6, 2))])
    assert set(build()) == {mart for mart, inputs in INPUTS.items() if "orders" in inputs}


def test_a_new_last_day_changes_what_is_computed_as_of_it(build) -> None:
    build("2026-06-01")
    assert build("2026-06-02") == {"agg_daily_kpis": "data_through"}


def test_other_code_and_a_full_refresh_change_everything(build, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    assert build(full_refresh=True) == dict.fromkeys(INPUTS, "full refresh")
    monkeypatch.setattr(config, "CODE_VERSION", "next")
    assert build() == dict.fromkeys(INPUTS, "changed code")
    assert build() == {}


def test_a_build_recorded_again_lists_its_marts_once(warehouse: Warehouse, build) -> None:
    first = build()
    assert build(again=True) == first
    assert warehouse.execute("select count(*), count(distinct mart) from audit.built_marts").fetchall() == [
        (len(INPUTS), len(INPUTS))
    ]


# -- what is run again -------------------------------------------------------------------------------------------


class Looker:
    """The stand-in, as the product's client reaches it."""

    def __init__(self, stack: Stack) -> None:
        self.control = stack.endpoints["saas"]["base_url"] + "/_control"
        self.clear()
        self.client = looker_client()

    def clear(self) -> None:
        for path in ("faults", "looker/queries"):
            requests.delete(f"{self.control}/{path}", timeout=5).raise_for_status()

    def fail(self, path: str, times: int, status: int = 503, **more: Any) -> None:
        fault = {"service": "looker", "status": status, "times": times, "path_contains": path, **more}
        requests.post(f"{self.control}/faults", json=fault, timeout=5).raise_for_status()

    def ran(self) -> list[dict[str, Any]]:
        """Queries since the last look."""
        listed = requests.get(f"{self.control}/looker/queries", timeout=5).json()
        requests.delete(f"{self.control}/looker/queries", timeout=5).raise_for_status()
        return listed


@pytest.fixture
def looker(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looker]:
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    server = Looker(stack)
    yield server
    server.clear()


def outcomes(results: list[Warmed]) -> dict[str, str]:
    return {each.title: "skipped" if each.skipped else each.error or "ran" for each in results}


ALL = {"Gross revenue by category", "Refunds by category", "Products", "Best sellers of all time", "Recommendations"}
WITH_REFUNDS = "Why products come back"


def test_only_queries_that_read_a_changed_mart_run(warehouse, build, looker, pipeline) -> None:
    build()
    assert outcomes(warming.warm(looker.client, warehouse, LINEAGE)) == dict.fromkeys(ALL | {WITH_REFUNDS}, "ran")
    assert len(looker.ran()) == 6
    build()
    assert set(outcomes(warming.warm(looker.client, warehouse, LINEAGE)).values()) == {"skipped"}
    assert looker.ran() == []
    pipeline.load("orders", [order()])
    build()
    assert outcomes(warming.warm(looker.client, warehouse, LINEAGE)) == {
        **dict.fromkeys(ALL, "ran"),
        WITH_REFUNDS: "skipped",
    }
    assert {query["explore"] for query in looker.ran()} == {
        "analytics.agg_category_performance",
        "analytics.agg_product_performance",
        "analytics.mart_best_selling_products",
        "analytics.product_recommendations",
    }


def test_a_change_of_a_joined_table_counts(warehouse, build, looker, pipeline) -> None:
    """Looker drops a result when any table of its explore changes, also one that the tile shows no field of."""
    build()
    warming.warm(looker.client, warehouse, LINEAGE)
    pipeline.load("products", [product()])
    build()
    assert outcomes(warming.warm(looker.client, warehouse, LINEAGE))[WITH_REFUNDS] == "ran"


def test_queries_are_those_of_an_opened_dashboard_and_fill_the_cache(warehouse, build, looker) -> None:
    build()
    warming.warm(looker.client, warehouse, LINEAGE)
    by_explore = {query["explore"]: query for query in looker.ran()}
    products = by_explore["analytics.agg_product_performance"]
    assert products["filters"] == {"agg_product_performance.calendar_month": "12 months"}
    assert by_explore["analytics.product_recommendations"]["filters"] is None
    assert {query["result_format"] for query in by_explore.values()} == {"json_detail"}
    assert not any(query["from_cache"] for query in by_explore.values())


def test_a_query_that_failed_runs_after_the_next_build_though_nothing_changed(warehouse, build, looker) -> None:
    build()
    tile = next(each for each in warming.tiles(looker.client, PRODUCTS) if each.title == "Products")
    looker.client = Failing(looker.client, tile.query_id)
    assert [
        title for title, said in outcomes(warming.warm(looker.client, warehouse, LINEAGE)).items() if said != "ran"
    ] == ["Products"]
    looker.client.query_id = None
    build()
    assert [
        title for title, said in outcomes(warming.warm(looker.client, warehouse, LINEAGE)).items() if said == "ran"
    ] == ["Products"]
    kept = warehouse.execute(
        "select build_number, succeeded, count(*) from audit.warmed_queries group by 1, 2"
    ).fetchall()
    assert sorted(kept) == [(1, False, 1), (1, True, 5), (2, True, 1)]


class Failing:
    """A client whose query of an id ends with an error."""

    def __init__(self, client: Any, query_id: str | None) -> None:
        self.client, self.query_id = client, query_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def create_query_task(self, body: Any, **options: Any) -> Any:
        if body.query_id == self.query_id:
            return SimpleNamespace(id="1", status="error")
        return self.client.create_query_task(body, **options)


def test_busy_answers_are_tried_again(warehouse, build, looker) -> None:
    build()
    looker.fail("/query_tasks", times=2, status=429)
    looker.fail("/login", times=1, status=500)
    assert set(outcomes(warming.warm(looker.client, warehouse, LINEAGE)).values()) == {"ran"}


def test_a_looker_that_stays_down_is_told_by_query(warehouse, build, looker, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    monkeypatch.setattr(http_session, "BACKOFF_SECONDS", 0.01)
    looker.fail("/query_tasks", times=500)
    results = warming.warm(looker_client(), warehouse, LINEAGE)
    assert results and all("503" in (each.error or "") for each in results)


def test_a_dashboard_that_looker_does_not_know_is_a_failure_of_its_own(warehouse, build, looker) -> None:
    build()
    both = Lineage(INPUTS, (Dashboard("analytics::gone", "Gone"), PRODUCTS))
    results = warming.warm(looker.client, warehouse, both)
    assert [(each.dashboard, each.error) for each in results if each.error] == [("Gone", "Not found")]
    assert len(results) == 7


def test_a_query_without_an_end_is_given_up(warehouse, build, looker, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    monkeypatch.setattr(config, "LOOKER_QUERY_SECONDS", 0)
    monkeypatch.setattr(warming, "FIRST_POLL_SECONDS", 0.0)

    class Endless(Failing):
        def create_query_task(self, body: Any, **options: Any) -> Any:
            return SimpleNamespace(id="1", status="running")

        def query_task(self, *_: Any, **__: Any) -> Any:
            return SimpleNamespace(id="1", status="running")

    results = warming.warm(Endless(looker.client, None), warehouse, LINEAGE)
    assert {each.error for each in results} == {"no result after 0 s"}


def test_no_more_queries_run_at_once_than_allowed(warehouse, build, looker, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    monkeypatch.setattr(config, "LOOKER_PARALLEL_QUERIES", 2)
    running, most = 0, 0

    class Counting(Failing):
        def create_query_task(self, body: Any, **options: Any) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            return self.client.create_query_task(body, **options)

        def query_task(self, *arguments: Any, **options: Any) -> Any:
            nonlocal running
            answer = self.client.query_task(*arguments, **options)
            running -= answer.status == "complete"
            return answer

    warming.warm(Counting(looker.client, None), warehouse, LINEAGE)
    assert 1 <= most <= 2


# -- waiting for Looker to see the build -------------------------------------------------------------------------


class Datagroups:
    """A Looker that has checked the trigger of a datagroup so many seconds from now; `answers` in order, last again."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), 0

    def all_datagroups(self) -> list[Any]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        empty = {"model_name": "analytics", "name": "g", "trigger_error": None, "triggered_at": None}
        now = datetime.now(UTC).timestamp()
        return [SimpleNamespace(**(empty | {"trigger_check_at": now + answer["checked"]} | answer.get("more", {})))]


BUILT = datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("answers", "asked", "warning"),
    [
        (({"checked": 5},), 1, None),
        (({"checked": -300}, {"checked": -300}, {"checked": 5}), 3, None),
        (({"checked": -300, "more": {"triggered_at": datetime.now(UTC).timestamp()}},), 1, None),
        (({"checked": -300, "more": {"model_name": "another"}},), 1, None),
        (({"checked": -300, "more": {"trigger_error": "no such table"}},), 1, "no such table"),
        ((SDKError("Forbidden"),), 1, "Forbidden"),
    ],
)
def test_queries_wait_until_looker_has_looked_for_the_build(
    answers, asked, warning, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warming, "NOTICE_POLL_SECONDS", 0.0)
    client = Datagroups(*answers)
    with caplog.at_level(logging.WARNING, "include.warming"):
        warming.wait_until_noticed(client, {"analytics"}, BUILT)
    assert client.asked == asked
    assert (warning or "") in caplog.text and bool(caplog.text) is bool(warning)


def test_a_looker_that_never_looks_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warming, "NOTICE_POLL_SECONDS", 0.0)
    monkeypatch.setattr(config, "LOOKER_NOTICE_SECONDS", 0)
    with caplog.at_level(logging.WARNING, "include.warming"):
        warming.wait_until_noticed(Datagroups({"checked": -300}), {"analytics"}, BUILT)
    assert "has not looked" in caplog.text


# -- the task ----------------------------------------------------------------------------------------------------


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Warmed], Exception | None]]:
    """What the task tells of the cache."""
    calls: list[tuple[list[Warmed], Exception | None]] = []
    monkeypatch.setattr(alert_events, "cache_warmed", lambda results, error=None: calls.append((results, error)))
    monkeypatch.setattr(lineage, "read", lambda: LINEAGE)
    return calls


def test_the_task_tells_of_what_ran_and_logs_each_query(warehouse, build, looker, told, caplog) -> None:
    build()
    with caplog.at_level(logging.INFO, "include.looker"):
        warm_looker.function()
        build()
        warm_looker.function()
    (first, error), (second, _) = told
    assert (len(first), [each.error for each in first if each.error], error, second) == (6, [], None, [])
    assert "Products and categories · Products: 0." in caplog.text
    assert "Products and categories · Products: unchanged, not run" in caplog.text
    assert "Ran 0 of 6 queries, 0 failed" in caplog.text


def test_a_looker_that_is_down_alerts_and_fails_nothing(warehouse, build, looker, told) -> None:
    build()
    looker.fail("/api/", times=100)
    warm_looker.function()
    [(results, _)] = told
    assert [(each.dashboard, bool(each.error)) for each in results] == [("Products and categories", True)]
