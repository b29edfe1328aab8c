"""The statements behind the API's cold questions, sent to the warehouse by as many threads as the API has clients.

They share as many sessions as the API's pool has, so that what differs is the API and nothing else.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from queue import SimpleQueue
from typing import Any

from include.warehouse import Warehouse, render
from local.snowflake.account import connect
from local.stack import Stack
from plugins.analytics.marts import ROWS_AT_ONCE
from plugins.analytics.parameters import DEFAULT_DAYS, Span
from plugins.analytics.routes.business import PERIODS, SESSION_SPLITS
from plugins.analytics.schemas.business import Revenue
from plugins.analytics.schemas.products import ProductPerformance
from plugins.analytics.sharing import Spans


@dataclass(frozen=True)
class Statement:
    """A file of include/sql/serve with its values and names."""

    file: str
    values: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)


def statements(first: date, last: date) -> list[list[Statement]]:
    """What revenue, products, the funnel and the summary ask the warehouse for a client's cold questions, in turn."""
    span = Span(first, last)
    period, table = PERIODS["day"]
    usual = Span(date.fromordinal(last.toordinal() - DEFAULT_DAYS + 1), last)
    page = {"category": None, "limit": ROWS_AT_ONCE, "offset": 0}
    months = {"first_period": usual.first_period("month"), "end_date": last}
    by = {"sort": "gross_revenue", "direction": "desc", "columns": ProductPerformance.columns()}
    everywhere = {"data_through": last, "device": None, "channel": None}
    compared = [each for each in (span, span.previous) if each]
    return [
        [Statement("kpis", {}, {"period": period, "table": table, "columns": Revenue.columns()})],
        [Statement("products", months | page, by)],
        [Statement("funnel", everywhere | Spans(span).values(), {"split": SESSION_SPLITS["none"]})],
        [Statement("span_totals", Spans(*compared).values())],
    ]


def ask(stack: Stack, sessions: int, clients: Sequence[Sequence[Sequence[Statement]]]) -> dict[str, Any]:
    """Milliseconds of a question, waiting for a session included, and questions a second.

    Args:
        clients: the questions that each asks in turn, each the statements it needs.
    """
    endpoint = stack.endpoints["snowflake"]
    with ExitStack() as opened:

        def open_one() -> Warehouse:
            return Warehouse(opened.enter_context(connect(endpoint, stack.ca_file, database=endpoint["database"])))

        take = _Pool(sessions, open_one).take
        began = time.perf_counter()
        with ThreadPoolExecutor(len(clients)) as together:
            asked = list(together.map(lambda questions: [_seconds(take, each) for each in questions], clients))
        took = time.perf_counter() - began
    seconds = sorted(each for of in asked for each in of)
    count = len(seconds)
    at = {f"p{share}": seconds[min(count - 1, count * share // 100)] * 1000 for share in (50, 95, 99)}
    return {"requests": count, "per_second": count / took, "sessions": sessions, **at}


class _Pool:
    """Sessions that are opened when they are first needed, as the API does."""

    def __init__(self, size: int, open_one: Callable[[], Warehouse]) -> None:
        self._open = open_one
        self._free: SimpleQueue[Warehouse | None] = SimpleQueue()
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def take(self) -> Iterator[Warehouse]:
        session = self._free.get()
        try:
            session = session or self._open()
            yield session
        finally:
            self._free.put(session)


def _seconds(take: Callable[[], Any], question: Sequence[Statement]) -> float:
    began = time.perf_counter()
    for statement in question:
        with take() as warehouse:
            rendered = render(f"serve/{statement.file}.sql", **statement.names)
            warehouse.execute(rendered, statement.values).fetchall()
    return time.perf_counter() - began
