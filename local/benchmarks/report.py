"""The report: a table to read and a file of the same figures to compare later runs with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.benchmarks.benchmark import Row, Setting
from local.benchmarks.machine import Machine

COLUMNS = ("what", "figure", "compared with", "target", "reached")
MARKS = {True: Text("yes", style="green"), False: Text("no", style="bold red"), None: Text("")}


def print_report(console: Console, machine: Machine, rows: Sequence[Row], failed: Mapping[str, str]) -> None:
    """Print the machine, every figure whether its target was reached or not, and what could not be measured."""
    for line in machine.lines():
        console.print(line, style="dim", markup=False)
    table = Table(box=SIMPLE, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name == "figure" else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, (row.what, row.figure, row.compared_with, row.target)), MARKS[row.reached])
    console.print(table)
    for name, error in failed.items():
        console.print(Text(f"error: {name} could not be measured: {error}", style="bold red"))


def write_report(
    setting: Setting,
    time: datetime,
    machine: Machine,
    rows: Sequence[Row],
    failed: Mapping[str, str],
    seconds: Mapping[str, float],
) -> Path:
    """Write the figures, and the seconds that each benchmark took, as JSON to `<time>.json` (UTC); return the file."""
    file = setting.directory / f"{time:%Y-%m-%dT%H%M%SZ}.json"
    held = {
        "time": time.isoformat(timespec="seconds"),
        "machine": asdict(machine),
        "asked_rows": setting.rows,
        "dataset": setting.dataset,
        "rows": [asdict(row) for row in rows],
        "failed": dict(failed),
        "seconds": dict(seconds),
    }
    file.write_text(json.dumps(held, indent=2) + "\n")
    return file
