"""Measure what the product reaches on this machine, beside the usual alternatives: `python -m local.benchmarks`."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module

from rich.console import Console

from local.benchmarks.benchmark import Row, Setting
from local.benchmarks.machine import Machine
from local.benchmarks.report import print_report, write_report
from local.stack import state_directory

BENCHMARKS = {
    "parse": "local.benchmarks.parsing",
    "extraction": "local.benchmarks.extraction",
    "build": "local.benchmarks.build",
    "affinity": "local.benchmarks.affinity",
    "daily_build": "local.benchmarks.daily_build",
    "rfm": "local.benchmarks.rfm",
    "gate": "local.benchmarks.gate",
    "api": "local.benchmarks.api",
}
ANY_FREE_PORTS = {"LOCAL_PORT_BASE": "0", "AIRFLOW_PORT": "0"}  # a demo may be running
REPORT_WIDTH = 160


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks and report; 0 when all could be measured, whatever they reached, else 1."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.update(ANY_FREE_PORTS)
    console = Console(highlight=False, soft_wrap=True)
    directory = state_directory() / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    setting = Setting(directory, options.rows, options.dataset, lambda line: console.print(f"  {line}", markup=False))
    began, machine = datetime.now(UTC), Machine.read()
    try:
        rows, failed = run(options.only, setting)
    except KeyboardInterrupt:
        console.print("stopped; nothing was written")
        return 130
    print_report(Console(width=None if console.is_terminal else REPORT_WIDTH), machine, rows, failed)
    console.print(f"written to {write_report(directory, began, machine, rows, failed)}", markup=False)
    return 1 if failed else 0


def run(names: list[str], setting: Setting) -> tuple[list[Row], dict[str, str]]:
    """The figures of these benchmarks, and for each that could not be run the reason."""
    rows: list[Row] = []
    failed: dict[str, str] = {}
    for name in names:
        setting.say(f"{name}:")
        benchmark: Callable[[Setting], list[Row]] = import_module(BENCHMARKS[name]).run
        try:
            rows += benchmark(setting)
        except Exception as error:  # whatever stops one, the others are still measured
            traceback.print_exc()
            failed[name] = f"{type(error).__name__}: {error}"
    return rows, failed


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{text!r}: choose among {', '.join(BENCHMARKS)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", type=_names, default=list(BENCHMARKS), metavar="NAMES", help=f"of {','.join(BENCHMARKS)}"
    )
    parser.add_argument(
        "--rows", type=int, default=2_000_000, metavar="N", help="order items to extract or gate (default %(default)s)"
    )
    parser.add_argument(
        "--dataset", default="simulated", metavar="SPEC", help="data set to build the marts of (default %(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
