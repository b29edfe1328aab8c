"""SQL of LookML queries: what Looker would ask the warehouse, as far as the project's LookML goes.

Joins never multiply rows (many_to_one, one_to_one), so that sums need no symmetric aggregates.
"""

import re
from collections.abc import Iterable, Mapping

from local.lookml import Field, Project

_REFERENCE = re.compile(r"\$\{(\w+)(?:\.(\w+))?\}")
_AGGREGATES = {"sum": "sum({})", "count_distinct": "count(distinct {})"}
_TIMEFRAMES = {
    "raw": "{}",
    "time": "{}",
    "date": "({})::date",
    "hour": "date_trunc('hour', {})",
    "week": "date_trunc('week', {})::date",
    "month": "date_trunc('month', {})::date",
    "quarter": "date_trunc('quarter', {})::date",
    "year": "year({})",
    "hour_of_day": "hour({})",
    "day_of_week": "dayname({})",
}


class Renderer:
    """Renders queries of a project. `timezone` is Looker's query time zone, for times that are kept in UTC."""

    def __init__(self, project: Project, timezone: str = "Europe/London") -> None:
        self.project = project
        self.timezone = timezone

    def select(
        self,
        explore: str,
        fields: Iterable[str],
        filters: Mapping[str, str] | None = None,
        limit: int | None = None,
        join_all: bool = False,
    ) -> str:
        """The statement of a query: its columns in the order of `fields`, sorted by the dimensions among them.

        Args:
            explore: name of the explore.
            fields: full names, <view>.<field>.
            filters: Looker filter expressions by full name: `a,b`, `-a`, `-NULL`, `<day> to <day>` (end excluded).
            limit: most rows.
            join_all: also join the views that no field needs.
        """
        known = self.project.fields(explore)
        asked = [known[name] for name in fields]
        wanted = {**self.project.explores[explore].always_filter, **(filters or {})}
        conditions = [self._condition(known[name], value) for name, value in wanted.items()]
        always = self.project.explores[explore].always_where
        if always:
            conditions.append(self._resolve(self.project.with_constants(always), explore))
        columns = [f'{self._of(each)} as "{each.view}.{each.name}"' for each in asked]
        keys = [str(number) for number, each in enumerate(asked, 1) if each.kind == "dimension"]
        joins = self.project.explores[explore].joins
        joined = [name for name in joins if join_all or _names(name, columns + conditions)]
        text = f"select {', '.join(columns)} from {self._from(explore, joined)}"
        text += f" where {' and '.join(conditions)}" if conditions else ""
        if keys:
            text += f" group by {', '.join(keys)} order by {', '.join(keys)}"
        return text + (f" limit {limit}" if limit is not None else "")

    def _from(self, explore: str, joined: Iterable[str]) -> str:
        text = f"{self.project.views[explore].table} as {explore}"
        for name in joined:
            condition = self._resolve(self.project.explores[explore].joins[name]["sql_on"], name)
            text += f" left join {self.project.views[name].table} as {name} on {condition}"
        return text

    def _of(self, field: Field) -> str:
        return self._measure(field) if field.kind == "measure" else self._dimension(field)

    def _dimension(self, field: Field) -> str:
        sql = self._resolve(field.definition["sql"], field.view)
        if field.timeframe is None:
            return sql
        if field.definition.get("convert_tz") != "no" and field.timeframe != "raw":
            sql = f"convert_timezone('UTC', '{self.timezone}', {sql})"
        return _TIMEFRAMES[field.timeframe].format(sql)

    def _measure(self, field: Field) -> str:
        if field.type == "number":
            return f"({self._resolve(field.definition['sql'], field.view)})"
        view = self.project.views[field.view]
        conditions = [self._condition(view.fields[name], value) for name, value in field.filters.items()]
        if field.type == "count":  # of rows, also where another view is joined to them
            value, aggregate = self._dimension(view.primary_key), "count_distinct"
        else:
            value, aggregate = self._resolve(field.definition["sql"], field.view), field.type
        if conditions:
            value = f"case when {' and '.join(conditions)} then {value} end"
        text = _AGGREGATES[aggregate].format(value)
        return f"coalesce({text}, 0)" if aggregate == "sum" else text

    def _resolve(self, sql: str, view: str) -> str:
        def of(match: re.Match[str]) -> str:
            if match[0] == "${TABLE}":
                return view
            owner, name = (match[1], match[2]) if match[2] else (view, match[1])
            return self._of(self.project.views[owner].fields[name])

        return _REFERENCE.sub(of, sql)

    def _condition(self, field: Field, expression: str) -> str:
        sql = self._dimension(field)
        if field.type == "yesno":
            return sql if expression.lower() == "yes" else f"not coalesce({sql}, false)"
        if span := re.fullmatch(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", expression):
            return f"{sql} >= '{span[1]}'::date and {sql} < '{span[2]}'::date"
        if expression == "-NULL":
            return f"{sql} is not null"
        if expression.startswith("-"):
            return f"coalesce({sql} != {_text(expression[1:])}, true)"
        return f"{sql} in ({', '.join(_text(value.strip()) for value in expression.split(','))})"


def _names(view: str, texts: Iterable[str]) -> bool:
    return any(re.search(rf"\b{view}\.", text) for text in texts)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
