"""`python -m local sql`: Snowflake SQL on the local warehouse, as a statement, a file or a prompt."""

import csv
import io
import os
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import Error
from snowflake.connector.util_text import split_statements

from local.errors import StackError
from local.snowflake.account import connect
from local.stack import Stack, state_directory

SHOWN_ROWS = 1000
PROMPT = "analytics> "
CONTINUED = "        -> "
HELP = "End a statement with ; · Ctrl-D or \\q leaves · Ctrl-C drops what you typed · show tables in schema marts;"


def run(stack: Stack, statement: str | None, file: Path | None, as_csv: bool) -> int:
    """Run what is asked for; returns the exit code: 1 when a statement failed."""
    os.environ.update(stack.environment())
    text = _text(statement, file)
    with connect(stack.endpoints["snowflake"], stack.ca_file, database="ANALYTICS", schema="MARTS") as connection:
        output = CsvOutput() if as_csv else TableOutput()
        if text is None and sys.stdin.isatty():
            return _prompt(connection, output)
        return 0 if _run_all(connection, text if text is not None else sys.stdin.read(), output) else 1


class TableOutput:
    """Aligned tables with counts and times."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=10_000)

    def result(self, cursor: SnowflakeCursor, seconds: float) -> None:
        """Print the rows, or what a DML statement did, in one line."""
        rows = cursor.fetchmany(SHOWN_ROWS)
        names = [column.name for column in cursor.description or []]
        if names and all(name.startswith("number of ") for name in names) and rows:
            counts = ", ".join(
                f"{value} {name.removeprefix('number of ')}" for name, value in zip(names, rows[0], strict=True)
            )
            self._console.print(f"{counts} ({seconds:.2f} s)")
            return
        if names == ["status"] and len(rows) == 1:
            self._console.print(f"{rows[0][0]} ({seconds:.2f} s)", markup=False)
            return
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for place, name in enumerate(names):
            numeric = any(isinstance(row[place], (int, float, Decimal)) for row in rows[:20])
            table.add_column(name, justify="right" if numeric else "left", no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*[_escaped(_shown(value)) for value in row])
        self._console.print(table)
        total = cursor.rowcount or len(rows)
        more = f", the first {len(rows):,} shown" if total > len(rows) else ""
        self._console.print(f"{total:,} {'row' if total == 1 else 'rows'}{more} ({seconds:.2f} s)\n")

    def error(self, error: Error) -> None:
        print(f"error {error.errno}: {' '.join(str(error.raw_msg or error.msg).split())}", file=sys.stderr)


class CsvOutput:
    """Rows as CSV with a header, and nothing else."""

    def result(self, cursor: SnowflakeCursor, seconds: float) -> None:
        """Write every row."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([column.name for column in cursor.description or []])
        writer.writerows(cursor)
        print(buffer.getvalue(), end="")

    def error(self, error: Error) -> None:
        TableOutput().error(error)


def statements(text: str) -> Iterator[str]:
    """The statements of a text, without their semicolons; comments and quoted semicolons divide nothing."""
    for statement, _ in split_statements(io.StringIO(text), remove_comments=False):
        bare = statement.strip().rstrip(";").strip()
        if bare and any(line.strip() and not line.strip().startswith("--") for line in bare.splitlines()):
            yield bare


def _run_all(connection: SnowflakeConnection, text: str, output: TableOutput | CsvOutput) -> bool:
    """Run statements in order until one fails."""
    for statement in statements(text):
        started = time.perf_counter()
        with connection.cursor() as cursor:
            try:
                cursor.execute(statement)
                output.result(cursor, time.perf_counter() - started)
            except Error as error:
                output.error(error)
                return False
    return True


def _prompt(connection: SnowflakeConnection, output: TableOutput | CsvOutput) -> int:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    session: PromptSession[str] = PromptSession(history=FileHistory(str(state_directory() / "sql_history")))
    print(HELP)
    typed = ""
    while True:
        try:
            typed += session.prompt(CONTINUED if typed else PROMPT) + "\n"
        except KeyboardInterrupt:
            typed = ""
            continue
        except EOFError:
            return 0
        if typed.strip() in {"\\q", "exit", "quit", "exit;", "quit;"}:
            return 0
        if not typed.strip():
            typed = ""
        elif typed.rstrip().endswith(";"):
            try:
                _run_all(connection, typed, output)
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
            typed = ""


def _text(statement: str | None, file: Path | None) -> str | None:
    if statement is not None and file is not None:
        raise StackError("Give a statement or a file, not both.")
    if file is not None:
        if not file.is_file():
            raise StackError(f"There is no file {file}.")
        return file.read_text()
    return sys.stdin.read() if statement == "-" else statement


def _shown(value: Any) -> str:
    return "NULL" if value is None else str(value)


def _escaped(text: str) -> str:
    return text.replace("[", "\\[").replace("\n", "⏎")
