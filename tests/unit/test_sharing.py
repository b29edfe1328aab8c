"""What questions share: one statement for the same rows, one for the spans that wait; an error only while it lasts."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest

from plugins.analytics import sharing
from plugins.analytics.builds import Build
from plugins.analytics.parameters import Span
from plugins.analytics.problem import Problem, unavailable
from plugins.analytics.sharing import SharedRows

NUMBER_OF_QUESTIONS = 12


def build(number: int = 1) -> Build:
    return Build(number, date(2026, 6, 30), datetime(2026, 7, 1, tzinfo=UTC), "GBP")


def span(day: int) -> Span:
    return Span(date(2026, 6, day), date(2026, 6, 30))


class Warehouse:
    """Notes what it is asked; answers when `free` is set, what `found` makes of the values."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.waiting = threading.Semaphore(0)
        self.free = threading.Event()
        self.found: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda values: [values]

    def rows(self, operation: str, file: str, values: Any = None, **names: str) -> list[dict[str, Any]]:
        self.waiting.release()
        assert self.free.wait(10)
        bound = dict(values() if callable(values) else values)
        self.asked.append(bound)
        return self.found(bound)


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """Tells of each who waits: for itself, or for the statement of another."""
    made = Warehouse()

    class Awaited(Future):  # type: ignore[type-arg]
        def result(self, timeout: float | None = None) -> Any:
            made.waiting.release()
            return super().result(timeout)

    monkeypatch.setattr(sharing, "Future", Awaited)
    yield made
    made.free.set()


def shared(warehouse: Warehouse, max_values: int = 1000, newest: int = 1) -> SharedRows:
    return SharedRows(warehouse, max_values, lambda held: held.number == newest)  # type: ignore[arg-type]


def all_at_once(warehouse: Warehouse, ask: Callable[[int], Any]) -> list["Future[Any]"]:
    """What each of many questions gets, all asked before the warehouse answers the first."""
    with ThreadPoolExecutor(NUMBER_OF_QUESTIONS) as together:
        answers = [together.submit(ask, number) for number in range(NUMBER_OF_QUESTIONS)]
        for _ in answers:
            assert warehouse.waiting.acquire(timeout=10)
        warehouse.free.set()
    return answers


def test_equal_questions_at_once_are_one_statement(warehouse: Warehouse) -> None:
    rows = shared(warehouse)
    answers = all_at_once(warehouse, lambda _: rows.rows(build(), "op", "file", {"limit": 5}, columns="a"))
    assert [each.result() for each in answers] == [[{"limit": 5}]] * NUMBER_OF_QUESTIONS
    assert len(warehouse.asked) == 1


def test_later_ones_cost_none_until_the_next_build(warehouse: Warehouse) -> None:
    warehouse.free.set()
    newest = [1]
    rows = SharedRows(warehouse, 1000, lambda held: held.number == newest[0])  # type: ignore[arg-type]
    for number, statements in ((1, 1), (1, 1), (2, 2), (2, 2)):
        newest[0] = number
        rows.rows(build(number), "op", "file", {}, columns="a")
        assert len(warehouse.asked) == statements


@pytest.mark.parametrize("other", [{"file": "other"}, {"values": {"limit": 6}}, {"columns": "b"}])
def test_other_rows_are_another_statement(warehouse: Warehouse, other: dict[str, Any]) -> None:
    warehouse.free.set()
    rows = shared(warehouse)
    usual: dict[str, Any] = {"file": "file", "values": {"limit": 5}, "columns": "a"}
    for each in (usual, usual, usual | other):
        rows.rows(build(), "op", **each)
    assert len(warehouse.asked) == 2


def test_rows_of_a_build_that_was_replaced_meanwhile_are_not_kept(warehouse: Warehouse) -> None:
    warehouse.free.set()
    rows = shared(warehouse, newest=2)
    for _ in range(2):
        rows.rows(build(1), "op", "file", {})
    assert len(warehouse.asked) == 2


def test_an_error_reaches_everybody_and_is_not_kept(warehouse: Warehouse) -> None:
    def fail(_: Any) -> Any:
        raise unavailable("warehouse-slow", "the warehouse took too long", 1)

    warehouse.found = fail
    rows = shared(warehouse)
    answers = all_at_once(warehouse, lambda _: rows.rows(build(), "op", "file", {"limit": 5}))
    assert [type(each.exception()) for each in answers] == [Problem] * NUMBER_OF_QUESTIONS
    assert len(warehouse.asked) == 1
    warehouse.found = lambda values: [values]
    assert rows.rows(build(), "op", "file", {"limit": 5}) == [{"limit": 5}]


def test_memory_is_bounded_and_what_is_used_stays(warehouse: Warehouse) -> None:
    warehouse.free.set()
    warehouse.found = lambda values: [{"a": 1, "b": 2}] * 10
    rows = shared(warehouse, max_values=45)
    for file in ("one", "two", "one", "three", "one", "two"):
        rows.rows(build(), "op", file, {})
    assert len(warehouse.asked) == 4, "two made room for three, one was used and stayed"
    warehouse.found = lambda values: [{"a": 1, "b": 2}] * 30
    for _ in range(2):
        rows.rows(build(), "op", "large", {})
    assert len(warehouse.asked) == 6, "what is larger than all that may be kept is not kept"


def by_span(values: dict[str, Any]) -> list[dict[str, Any]]:
    """A row of each span, and none of those that begin on the 13th."""
    return [
        {"span_number": number, "start": start}
        for number, start, _ in json.loads(values["spans"])
        if not start.endswith("13")
    ]


def test_spans_that_wait_for_a_session_are_one_statement(warehouse: Warehouse) -> None:
    warehouse.found = by_span
    rows = shared(warehouse)
    answers = all_at_once(
        warehouse, lambda number: rows.of_spans(build(), "op", "file", [span(2 + number), span(1)], {"device": None})
    )
    for number, each in enumerate(answers):
        own, common = each.result()
        assert [row["start"] for row in own] == ([] if number == 11 else [f"2026-06-{2 + number:02}"])
        assert [row["start"] for row in common] == ["2026-06-01"]
    [asked] = warehouse.asked
    assert len(json.loads(asked["spans"])) == NUMBER_OF_QUESTIONS + 1, "the span that all ask for stands there once"
    assert (asked["first_day"], asked["last_day"]) == (date(2026, 6, 1), date(2026, 6, 30))


def test_who_comes_after_the_statement_has_begun_is_in_the_next(warehouse: Warehouse) -> None:
    rows = shared(warehouse)
    begun, ended = threading.Event(), threading.Event()

    def slow(values: dict[str, Any]) -> list[dict[str, Any]]:
        begun.set()
        assert ended.wait(10)
        return by_span(values)

    warehouse.found = slow
    warehouse.free.set()
    with ThreadPoolExecutor(2) as together:
        first = together.submit(rows.of_spans, build(), "op", "file", [span(1)], {})
        assert begun.wait(10)
        second = together.submit(rows.of_spans, build(), "op", "file", [span(2)], {})
        while len(warehouse.asked) < 2:
            threading.Event().wait(0.01)
        ended.set()
        assert [each.result()[0][0]["start"] for each in (first, second)] == ["2026-06-01", "2026-06-02"]


def test_an_error_of_a_statement_for_many_spans_reaches_all_and_the_next_is_asked_anew(warehouse: Warehouse) -> None:
    def fail(_: Any) -> Any:
        raise unavailable("warehouse-busy", "too many questions at once", 1)

    warehouse.found = fail
    rows = shared(warehouse)
    answers = all_at_once(warehouse, lambda number: rows.of_spans(build(), "op", "file", [span(1 + number)], {}))
    assert [type(each.exception()) for each in answers] == [Problem] * NUMBER_OF_QUESTIONS
    assert len(warehouse.asked) == 1
    warehouse.found = by_span
    assert rows.of_spans(build(), "op", "file", [span(3)], {}) == [[{"span_number": 0, "start": "2026-06-03"}]]
