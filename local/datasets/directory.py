"""A directory of one's own Parquet or CSV files as a data set (docs/datasets.md describes the files)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from local.datasets import directory_tables
from local.datasets.days import StoreDays
from local.datasets.directory_tables import INPUTS, Input
from local.datasets.layout import EVENTS, TABLES, DatasetError
from local.datasets.source_columns import read_columns
from local.datasets.source_files import FILE, ROW, SHOWN, Source, quoted
from local.datasets.workbench import workbench, write_query
from local.datasets.writer import DESCRIPTION, DatasetWriter

ENDINGS: Final = (".parquet", ".csv", ".csv.gz")
TIMEZONE: Final = "Europe/London"
CURRENCY: Final = "GBP"
LONGEST_SPAN: Final = 20 * 366  # days; more than that is a wrong year
DAY_FOLDER: Final = re.compile(r"^day=(\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True)
class Shop:
    """What dataset.json says of the shop."""

    title: str
    timezone: str
    currency: str


def source_files(directory: Path) -> dict[str, list[Path]]:
    """The files of each table: one of its name, or those in a folder of its name. DatasetError without orders."""
    files: dict[str, list[Path]] = {}
    for table in TABLES:
        single = [directory / f"{table}{ending}" for ending in ENDINGS if (directory / f"{table}{ending}").is_file()]
        folder = directory / table
        parts = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(ENDINGS))
        if len(single) + bool(parts) > 1:
            names = [path.name for path in single] + [f"{table}/"] * bool(parts)
            raise DatasetError(f"{directory}: {table} stands there more than once: {', '.join(names)}")
        files[table] = single or parts
    for table in ("orders", "order_items"):
        if not files[table]:
            raise DatasetError(f"{directory}: no {table}.parquet or {table}.csv")
    return files


def read_shop(directory: Path) -> Shop:
    """Title, time zone and currency from dataset.json, or what is assumed without it."""
    path = directory / DESCRIPTION
    text: dict[str, Any] = {}
    if path.is_file():
        try:
            text = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DatasetError(f"{path}: not JSON: {error}") from error
        if not isinstance(text, dict):
            raise DatasetError(f"{path}: not a JSON object")
    shop = Shop(
        str(text.get("title", directory.resolve().name)),
        str(text.get("timezone", TIMEZONE)),
        str(text.get("currency", CURRENCY)),
    )
    try:
        ZoneInfo(shop.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DatasetError(f"{path}: timezone {shop.timezone!r} is not an IANA name such as Europe/London") from error
    if not re.fullmatch("[A-Z]{3}", shop.currency):
        raise DatasetError(f"{path}: currency {shop.currency!r} is not three letters such as EUR")
    return shop


def write(directory: Path, writer: DatasetWriter, progress: Callable[[str], None]) -> None:
    """Write the data set of a directory. DatasetError lists what is wrong with its files."""
    shop = read_shop(directory)
    sources = {table: Source(tuple(paths)) for table, paths in source_files(directory).items()}
    with workbench(writer.directory, shop.timezone) as connection:
        for table, wanted in INPUTS.items():
            _load(connection, wanted, sources[table], progress)
            _check_keys(connection, wanted, sources[table])
        if not connection.execute("select count(*) from orders").fetchall()[0][0]:
            raise DatasetError(f"{sources['orders'].name}: no rows")
        _check_lines(connection, sources["order_items"])
        for added in directory_tables.complete(connection, shop.currency):
            progress(f"added {added} that the orders name and no file describes")
        days = _span(connection, sources, shop.timezone)
        for table in TABLES:
            if table != EVENTS:
                write_query(connection, writer, table, directory_tables.final_query(table))
        _write_events(connection, writer, days)
        lines = connection.execute("select count(*) from order_items").fetchall()[0][0]
    writer.finish(days, title=shop.title, currency=shop.currency, source_lines=lines, planted={})


def _load(
    connection: duckdb.DuckDBPyConnection, wanted: Input, source: Source, progress: Callable[[str], None]
) -> None:
    """Make a table from its files, with each row's file, its number, and the day the file's folder is named after."""
    columns = ", ".join(f"{quoted(column.name)} {wanted.types[column.name]}" for column in wanted.columns)
    connection.execute(f"create table {wanted.name} ({columns}, {ROW} bigint, {FILE} integer, _day date)")
    if not source.paths:
        return
    progress(f"reading {source.name}")
    source.open(connection, "raw")
    unused = read_columns(connection, source, "raw", "part", wanted.columns)
    if unused:
        progress(f"left out of {wanted.name}: {', '.join(unused)} (not in the layout)")
    days = [_folder_day(path) for path in source.paths]
    connection.execute(f"insert into {wanted.name} select *, $days[{FILE} + 1] from part", {"days": days})
    connection.execute("drop table part")


def _folder_day(path: Path) -> date | None:
    """The day a file's folder is named after, as in events/day=2026-06-30/part-0.csv."""
    found = DAY_FOLDER.match(path.parent.name)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        raise DatasetError(f"{path}: folder {path.parent.name} is not a day") from None


def _check_keys(connection: duckdb.DuckDBPyConnection, wanted: Input, source: Source) -> None:
    """Raise DatasetError for rows that say the same key at the same time as a row before."""
    keys = ", ".join(quoted(name) for name in wanted.unique)
    given = " and ".join(f"{quoted(name)} is not null" for name in wanted.required_key)
    repeated = connection.execute(
        f"""
        with numbered as (
            select
                *,
                row_number() over again as repeat,
                first_value({FILE}) over again as first_file,
                first_value({ROW}) over again as first_row
            from {wanted.name}
            where {given}
            window again as (
                partition by {keys} order by {FILE}, {ROW} rows between unbounded preceding and current row
            )
        )
        select
            {FILE}, {ROW}, first_file, first_row, count(*) over (),
            {", ".join(f"cast({quoted(name)} as varchar)" for name in wanted.unique)}
        from numbered
        where repeat > 1
        order by {FILE}, {ROW}
        limit {SHOWN}
        """
    ).fetchall()
    described = []
    for file, row, first_file, first_row, _, *values in repeated:
        key = ", ".join(f"{name} {value}" for name, value in zip(wanted.unique, values, strict=True) if value)
        described.append(f"{source.place(file, row)}: {key} stands already in {source.place(first_file, first_row)}")
    if described:
        raise source.problems(described, repeated[0][4])


def _check_lines(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Raise DatasetError for lines of unknown orders, and for lines with neither a price nor an amount."""
    wrong = connection.execute(
        f"""
        with checked as (
            select
                {FILE}, {ROW},
                case
                    when order_id not in (select order_id from orders)
                        then 'column order_id: no such order: ' || order_id
                    when unit_price is null and line_amount is null
                        then 'columns unit_price and line_amount: both empty'
                end as problem
            from order_items
        )
        select {FILE}, {ROW}, problem, count(*) over ()
        from checked
        where problem is not null
        order by {FILE}, {ROW}
        limit {SHOWN}
        """
    ).fetchall()
    if wrong:
        raise source.problems([f"{source.place(file, row)}, {problem}" for file, row, problem, _ in wrong], wrong[0][3])


def _span(connection: duckdb.DuckDBPyConnection, sources: dict[str, Source], timezone: str) -> StoreDays:
    """The days from the first change to the last; DatasetError for a span no shop has."""
    extremes = []
    for table, source in sources.items():
        day = "coalesce(_day, cast(event_at as date))" if table == EVENTS else "cast(updated_at as date)"
        for end in ("min", "max"):
            found, file, row = connection.execute(
                f"select {end}({day}), arg_{end}({FILE}, {day}), arg_{end}({ROW}, {day}) from {table}"
            ).fetchall()[0]
            if found:
                place = table if file is None else f"{source.paths[file]} row {row}"
                extremes.append((found, place))
    (first, first_place), (last, last_place) = min(extremes), max(extremes)
    if (last - first).days > LONGEST_SPAN:
        raise DatasetError(f"{first} ({first_place}) and {last} ({last_place}) lie too far apart: one is a wrong date")
    return StoreDays(first, last, timezone)


def _write_events(connection: duckdb.DuckDBPyConnection, writer: DatasetWriter, days: StoreDays) -> None:
    connection.execute(directory_tables.EVENTS_BY_DAY)
    for number in range(len(days)):
        day = days[number]
        events = connection.sql("from events_by_day where _day = ?", params=[day]).to_arrow_table()
        writer.event_day(day.isoformat(), events)
