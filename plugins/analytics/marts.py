"""The marts of one build, read for one question."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from plugins.analytics.builds import Build
from plugins.analytics.front import Asked
from plugins.analytics.pages import cursor, cursor_after, offset_of, row_before
from plugins.analytics.parameters import Grain, Paged, Span
from plugins.analytics.parts import select_lists
from plugins.analytics.schemas.base import Answer, Meta, Page, Row
from plugins.analytics.sessions import WarehouseSessions
from plugins.analytics.sharing import SharedRows

AnyRow = TypeVar("AnyRow", bound=Row)
AnyData = TypeVar("AnyData")

ROWS_AT_ONCE = 1000
"""Of a list: its pages of any length are cut from them."""


class Marts:
    """Asks the queries of include/sql/serve and makes typed answers of their rows."""

    def __init__(self, shared: SharedRows, live: WarehouseSessions, asked: Asked, operation: str, meta: Meta) -> None:
        assert asked.build is not None
        self.build: Build = asked.build
        self._shared = shared
        self._live = live
        self._asked = asked
        self._operation = operation
        self._meta = meta

    def rows(self, row: type[AnyRow], file: str, values: Mapping[str, Any] | None = None, **names: str) -> list[AnyRow]:
        """Rows of a query; `names` are identifiers chosen by the code, values are bound."""
        return _typed(row, self._rows(file, values or {}, columns=row.columns(), **names))

    def parts(self, parts: Mapping[str, type[Row]], file: str, values: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Rows of several kinds from one query, by the name of their part; each its own `{{ name }}` in the file."""
        found: dict[str, list[Any]] = {part: [] for part in parts}
        for each in self._rows(file, values, **select_lists(parts)):
            found[each["part"]].append(parts[each["part"]].model_validate(each))
        return found

    def of_spans(
        self, row: type[AnyRow], file: str, spans: Sequence[Span], values: Mapping[str, Any], **names: str
    ) -> list[list[AnyRow]]:
        """Rows of each span, of a query that answers many (`spans`, `first_day` and `last_day` are bound)."""
        found = self._shared.of_spans(self.build, self._operation, f"serve/{file}.sql", spans, values, **names)
        return [_typed(row, rows) for rows in found]

    def page(
        self,
        row: type[AnyRow],
        file: str,
        asked: Paged,
        span: Span | None = None,
        grain: Grain = "month",
        **names: str,
    ) -> Page[AnyRow]:
        """A page of a list. A query about a span gets its days, and the first day of the first period it touches."""
        question = asked.model_dump(mode="json")
        offset = offset_of(asked.cursor, self.build, self._operation, question)
        values = asked.values()
        if span is not None:
            values |= {"start_date": span.start, "end_date": span.end, "first_period": span.first_period(grain)}
        found = self._cut(file, values, offset, asked.limit + 1, columns=row.columns(), **names)
        return self._page(
            row,
            _typed(row, found),
            asked.limit,
            lambda _: cursor(self.build, self._operation, question, offset + asked.limit),
            self._about(span, grain),
        )

    def periods(
        self, row: type[AnyRow], file: str, asked: Paged, span: Span, grain: Grain, **names: str
    ) -> Page[AnyRow]:
        """A page of the periods that a span touches, cut from all that there are: `period_start` names each."""
        question = asked.model_dump(mode="json")
        offset = offset_of(asked.cursor, self.build, self._operation, question)
        first = span.first_period(grain)
        touched = [
            each
            for each in self._rows(file, {}, columns=row.columns(), **names)
            if first <= each["period_start"] <= span.end
        ]
        return self._page(
            row,
            _typed(row, touched[offset : offset + asked.limit + 1]),
            asked.limit,
            lambda _: cursor(self.build, self._operation, question, offset + asked.limit),
            self._about(span, grain),
        )

    def live_page(self, row: type[AnyRow], file: str, asked: Paged, order: Sequence[str]) -> Page[AnyRow]:
        """A page of a list that changes between builds. `order` is what its query orders by: a moment, then texts."""
        question = asked.model_dump(mode="json")
        values = asked.values() | row_before(asked.cursor, order, self._operation, question)
        found = self._live.rows(
            self._operation, f"serve/{file}.sql", values | {"limit": asked.limit + 1}, columns=row.columns()
        )
        return self._page(
            row,
            _typed(row, found),
            asked.limit,
            lambda last: cursor_after(last, order, self._operation, question),
            self._meta,
        )

    def answer(self, data: AnyData, span: Span | None = None, grain: Grain = "day") -> Answer[AnyData]:
        """An answer that is no list, or a whole one; about the periods that a span touches, where one is given."""
        self._asked.rows = len(data) if isinstance(data, list) else 1
        return Answer(data=data, meta=self._about(span, grain))

    def _rows(self, file: str, values: Mapping[str, Any], **names: str) -> Sequence[Mapping[str, Any]]:
        return self._shared.rows(self.build, self._operation, f"serve/{file}.sql", values, **names)

    def _cut(
        self, file: str, values: Mapping[str, Any], first: int, count: int, **names: str
    ) -> list[Mapping[str, Any]]:
        """`count` rows of a list, after the `first`; fewer where it ends."""
        found: list[Mapping[str, Any]] = []
        for start in range(first - first % ROWS_AT_ONCE, first + count, ROWS_AT_ONCE):
            rows = self._rows(file, {**values, "offset": start, "limit": ROWS_AT_ONCE}, **names)
            found += rows[max(0, first - start) : first + count - start]
            if len(rows) < ROWS_AT_ONCE:
                break
        return found

    def _page(
        self, row: type[AnyRow], found: list[AnyRow], limit: int, following: Callable[[AnyRow], str], meta: Meta
    ) -> Page[AnyRow]:
        """The first `limit` of the found rows; `following` makes a cursor of the last of them, if there are more."""
        shown = found[:limit]
        self._asked.rows = len(shown)
        next_cursor = following(shown[-1]) if len(found) > limit else None
        return Page[row](data=shown, next_cursor=next_cursor, meta=meta)  # type: ignore[valid-type]

    def _about(self, span: Span | None, grain: Grain) -> Meta:
        """Meta with the days that are covered: of whole periods, and none after the last that the marts hold."""
        covered = span.whole(grain).until(self.build.data_through) if span else None
        if covered is None:
            return self._meta
        return self._meta.model_copy(update={"start_date": covered.start, "end_date": covered.end})


def _typed(row: type[AnyRow], found: Sequence[Mapping[str, Any]]) -> list[AnyRow]:
    return [row.model_validate(each) for each in found]


async def marts(request: Request) -> Marts:
    """The marts for the question at hand."""
    asked: Asked = request.scope["analytics"]
    build = asked.build
    assert build is not None
    meta = Meta(
        data_through=build.data_through,
        build_id=build.number,
        built_at=build.finished_at,
        currency=build.currency,
        time_zone=request.app.state.time_zone,
    )
    state = request.app.state
    return Marts(state.shared, state.sessions, asked, request.scope["route"].operation_id, meta)


MartsDep = Annotated[Marts, Depends(marts)]
