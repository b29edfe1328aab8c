"""Reads the columns of people's own files: each value checked, each problem told with its row and column."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from local.datasets.layout import DatasetError
from local.datasets.source_files import FILE, ROW, SHOWN, Source, literal, quoted

LARGEST_MONEY: Final = 10**14
NO_PROBLEM: Final = "cast(null as varchar)"


@dataclass(frozen=True)
class Column:
    """A column to read: its name in the result, the names it may have in a file, and what it holds.

    `kind` is text, whole, money, flag, instant or items (JSON). `instants` are further formats of a moment, as strptime
    writes them. `values`, when given, are the only ones allowed.
    """

    name: str
    kind: str
    required: bool = False
    names: tuple[str, ...] = ()
    instants: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def found_in(self, columns: Iterable[str]) -> str | None:
        """The name the column has in a file, or None. Capitals, spaces and underscores do not matter."""
        present = {_plain(column): column for column in columns}
        return next((present[_plain(name)] for name in (self.name, *self.names) if _plain(name) in present), None)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "").replace("_", "")


@dataclass(frozen=True)
class _Reading:
    """How a column is read: the value, and a description of what is wrong with it (null when nothing is)."""

    value: str
    problem: str


def read_columns(
    connection: duckdb.DuckDBPyConnection, source: Source, view: str, table: str, columns: Sequence[Column]
) -> list[str]:
    """Make the table `table` of the wanted columns of the view `view`, with FILE and ROW; absent ones are null.

    The session's time zone is that of moments written without one. Returns the columns of the files nobody asked for.

    Raises:
        DatasetError: listing up to 20 problems, each with row and column.
    """
    try:
        types = {
            name: kind
            for name, kind, *_ in connection.execute(f"describe {view}").fetchall()
            if name not in (ROW, FILE)
        }
        found = {column: column.found_in(types) for column in columns}
        missing = [column.name for column in columns if column.required and found[column] is None]
        if missing:
            plural = "s"[: len(missing) > 1]
            raise DatasetError(
                f"{source.name}: missing column{plural} {', '.join(missing)} (found: {', '.join(types)})"
            )
        readings = {column: _reading(column, name, types[name] if name else "") for column, name in found.items()}
        _raise_problems(connection, source, view, found, readings)
        values = ", ".join(f"{readings[column].value} as {quoted(column.name)}" for column in columns)
        connection.execute(f"create or replace table {table} as select {values}, {ROW}, {FILE} from {view}")
    except duckdb.Error as error:
        raise source.unreadable(error) from error
    return sorted(set(types) - {name for name in found.values() if name})


def _raise_problems(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    view: str,
    found: dict[Column, str | None],
    readings: dict[Column, _Reading],
) -> None:
    checks = [
        f"case when {reading.problem} is not null then struct_pack(name := {literal(name)}, "
        f"problem := {reading.problem}, given := cast({quoted(name)} as varchar)) end"
        for column, reading in readings.items()
        if (name := found[column]) and reading.problem != NO_PROBLEM
    ]
    if not checks:
        return
    problems = connection.execute(
        f"with checked as (select {FILE}, {ROW}, list_filter([{', '.join(checks)}], lambda x: x is not null) "
        f"as problems from {view}) select {FILE}, {ROW}, unnest(problems), sum(len(problems)) over () from checked "
        f"where len(problems) > 0 order by {FILE}, {ROW} limit {SHOWN}"
    ).fetchall()
    if problems:
        described = [
            f"{source.place(file, row)}, column {problem['name']}: {problem['problem']}"
            + (f": {problem['given'][:60]!r}" if problem["given"] else "")
            for file, row, problem, _ in problems
        ]
        raise source.problems(described, int(problems[0][-1]))


def _reading(column: Column, name: str | None, kind: str) -> _Reading:
    """How a column of type `kind` in the file becomes what is wanted."""
    if name is None:
        sql = {"whole": "bigint", "money": "decimal(18, 4)", "flag": "boolean", "instant": "timestamptz"}
        return _Reading(f"cast(null as {sql.get(column.kind, 'varchar')})", NO_PROBLEM)
    raw = quoted(name)
    text = f"nullif(trim(cast({raw} as varchar)), '')"
    value, wrong = _READERS[column.kind](column, raw, text, kind)
    if column.values:
        allowed = ", ".join(literal(value) for value in column.values)
        known = literal(f"not one of {', '.join(column.values)}")
        wrong = f"coalesce({wrong}, case when {value} not in ({allowed}) then {known} end)"
    if column.required:
        wrong = f"case when {text} is null then 'empty' else {wrong} end"
    return _Reading(value, wrong)


def _read_text(column: Column, raw: str, text: str, kind: str) -> tuple[str, str]:
    if kind in ("DOUBLE", "FLOAT"):  # an id that was a whole number until a tool made floats of the column
        text = f"regexp_replace({text}, '\\.0$', '')"
    else:
        text = f"case when {text} is not null then cast({raw} as varchar) end"  # blanks around it may be meant
    return text, NO_PROBLEM


def _read_whole(column: Column, raw: str, text: str, kind: str) -> tuple[str, str]:
    exact = f"try_cast({text} as decimal(38, 6))"
    value = f"try_cast({exact} as bigint)"
    return value, f"case when {text} is not null and coalesce({value} <> {exact}, true) then 'not a whole number' end"


def _read_money(column: Column, raw: str, text: str, kind: str) -> tuple[str, str]:
    if kind in ("DOUBLE", "FLOAT"):
        value = f"try_cast({raw} as decimal(18, 4))"
        too_fine = f"abs(cast({raw} as double) - cast({value} as double)) > 1e-9 * greatest(1, abs({raw}))"
    else:
        exact = f"try_cast({text} as decimal(38, 16))"
        value = f"case when abs({exact}) < {LARGEST_MONEY} then cast({exact} as decimal(18, 4)) end"
        too_fine = f"{exact} <> cast({exact} as decimal(38, 4))"
    return value, (
        f"case when {text} is null then null when {value} is null then 'not an amount' "
        f"when {too_fine} then 'more than four decimals' end"
    )


def _read_flag(column: Column, raw: str, text: str, kind: str) -> tuple[str, str]:
    value = (
        f"case when lower({text}) in ('true', 't', 'yes', 'y', '1') then true "
        f"when lower({text}) in ('false', 'f', 'no', 'n', '0') then false end"
    )
    return value, f"case when {text} is not null and {value} is null then 'neither true nor false' end"


def _read_instant(column: Column, raw: str, text: str, kind: str) -> tuple[str, str]:
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"cast({raw} as timestamptz)", NO_PROBLEM
    formats = "".join(f", cast(try_strptime({text}, {literal(form)}) as timestamptz)" for form in column.instants)
    value = f"coalesce(try_cast({text} as timestamptz){formats})"
    if kind != "VARCHAR":
        value = "cast(null as timestamptz)"
    return value, f"case when {text} is not null and {value} is null then 'not a date and time' end"


def _read_items(column: Column, raw: str, text: str, kind: str) -> tuple[str, str]:
    well_formed = f"case when json_valid({text}) then json_type({text}) = 'ARRAY' else false end"
    named = f"len(json_extract_string({text}, '$[*].item_id')) = json_array_length({text})"
    wrong = (
        f"case when {text} is null then null when not {well_formed} then 'not a JSON array' "
        f"when not {named} then 'an item without item_id' end"
    )
    return text, wrong


_READERS: Final = {
    "text": _read_text,
    "whole": _read_whole,
    "money": _read_money,
    "flag": _read_flag,
    "instant": _read_instant,
    "items": _read_items,
}
