"""What questions share: one statement for all who need the same rows, and one for the spans that wait for a session.

A question that differs from another only in what it takes of the same rows (other days of the key figures, another
page or length of a list) costs no statement once they are kept; a build's rows do not change. Who may see them is
decided before: nothing here knows who asks, and personal data never comes here.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from itertools import groupby
from typing import Any, TypeVar

from plugins.analytics.builds import Build
from plugins.analytics.parameters import Span
from plugins.analytics.sessions import WarehouseSessions

Rows = Sequence[Mapping[str, Any]]
Value = TypeVar("Value")


class SharedRows:
    """Rows of queries for all questions of an API. `max_values` are kept, those used least are dropped first."""

    def __init__(self, sessions: WarehouseSessions, max_values: int, is_newest: Callable[[Build], bool]) -> None:
        self._sessions = sessions
        self._max_values = max_values
        self._is_newest = is_newest
        self._lock = threading.Lock()
        self._build_number: int | None = None
        self._kept: OrderedDict[Hashable, Rows] = OrderedDict()
        self._at_work: dict[Hashable, Future[Rows]] = {}
        self._gathering: dict[Hashable, Spans] = {}

    def rows(self, build: Build, operation: str, file: str, values: Mapping[str, Any], **names: str) -> Rows:
        """Rows of a query as the build has them, kept until the next; not to be changed.

        Raises:
            Problem: 503, for all who wait for the same rows; it is not kept.
        """
        key = (build.number, file, json.dumps([values, names], sort_keys=True, default=str))
        with self._lock:
            if build.number != self._build_number:
                self._kept.clear()
                self._build_number = build.number
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            future, leads = self._at_work.get(key), False
            if future is None:
                future, leads = self._at_work.setdefault(key, Future()), True
        if leads:
            _settle(future, lambda: self._sessions.rows(operation, file, values, **names))
            with self._lock:
                del self._at_work[key]
                # A build that finished meanwhile may have changed the tables under the question.
                if future.exception() is None and build.number == self._build_number and self._is_newest(build):
                    self._keep(key, future.result())
        return future.result()

    def of_spans(
        self, build: Build, operation: str, file: str, spans: Sequence[Span], values: Mapping[str, Any], **names: str
    ) -> list[Rows]:
        """Rows of each span, of a query that answers many. Those who ask while it waits for a session share it.

        Raises:
            Problem: 503, for all who share it.
        """
        key = (build.number, file, json.dumps([values, names], sort_keys=True, default=str))
        with self._lock:
            gathered, leads = self._gathering.get(key), False
            if gathered is None:
                gathered, leads = self._gathering.setdefault(key, Spans()), True
            numbers = [gathered.number(span) for span in spans]
        if leads:

            def close() -> Mapping[str, Any]:
                with self._lock:
                    self._gathering.pop(key, None)
                return {**values, **gathered.values()}

            try:
                _settle(gathered.future, lambda: self._sessions.rows(operation, file, close, **names))
            finally:
                with self._lock:
                    if self._gathering.get(key) is gathered:
                        del self._gathering[key]
        found = {number: list(rows) for number, rows in groupby(gathered.future.result(), key=_span_number)}
        return [found.get(number, []) for number in numbers]

    def _keep(self, key: Hashable, rows: Rows) -> None:
        self._kept[key] = rows
        held = sum(map(_value_count, self._kept.values()))
        while held > self._max_values:
            held -= _value_count(self._kept.popitem(last=False)[1])


class Spans:
    """Spans that one statement answers, and its rows to come."""

    def __init__(self, *spans: Span) -> None:
        self.future: Future[Rows] = Future()
        self._numbers: dict[Span, int] = {}
        for span in spans:
            self.number(span)

    def number(self, span: Span) -> int:
        """The number of a span in the statement; equal ones have the same."""
        return self._numbers.setdefault(span, len(self._numbers))

    def values(self) -> dict[str, Any]:
        """As values of a query: JSON of number, first and last day of each, and the first and the last day of all."""
        return {
            "spans": json.dumps([[number, str(span.start), str(span.end)] for span, number in self._numbers.items()]),
            "first_day": min(span.start for span in self._numbers),
            "last_day": max(span.end for span in self._numbers),
        }


def _settle(future: "Future[Value]", load: Callable[[], Value]) -> None:
    """Give all who wait what was loaded, or the error."""
    try:
        future.set_result(load())
    except BaseException as error:  # whoever waits would wait for ever
        future.set_exception(error)


def _value_count(rows: Rows) -> int:
    return len(rows) * len(rows[0]) if rows else 1


def _span_number(row: Mapping[str, Any]) -> int:
    return int(row["span_number"])
