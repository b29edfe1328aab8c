"""Measure what the product reaches on this machine, beside the usual alternatives: `python -m local.benchmarks`.

Every benchmark that was asked for is tried at a tiny size first: what does not run is told before the long ones begin.
"""

import argparse
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module

from rich.console import Console

from local.benchmarks.benchmark import DATASET, ROWS, Row, Setting
from local.benchmarks.durations import expected, spoken
from local.benchmarks.machine import Machine
from local.benchmarks.report import print_report, write_report
from local.benchmarks.stacks import shared_stack
from local.stack import state_directory

BENCHMARKS = {
    "parse": "local.benchmarks.parsing",
    "extraction": "local.benchmarks.extraction",
    "affinity": "local.benchmarks.affinity",
    "rfm": "local.benchmarks.rfm",
    "gate": "local.benchmarks.gate",
    "daily_build": "local.benchmarks.daily_build",
    "build": "local.benchmarks.build",
    "api": "local.benchmarks.api",
}
ANY_FREE_PORTS = {"LOCAL_PORT_BASE": "0", "AIRFLOW_PORT": "0"}  # a demo may be running
REPORT_WIDTH = 160


@dataclass
class Outcome:
    """The figures, by benchmark the reason why it could not be run, and by benchmark the seconds that it took."""

    rows: list[Row] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks and report; 0 when all could be measured, whatever they reached, else 1."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.update(ANY_FREE_PORTS)
    console = Console(highlight=False, soft_wrap=True)
    directory = state_directory() / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    setting = Setting(directory, options.rows, options.dataset, _saying(console))
    try:
        if options.tiny:
            return _measure(console, options.only, setting.at_tiny_size(installs=False), {})
        broken = _try(setting, options.only, options.keep_going)
        if broken and not options.keep_going:
            [(name, error)] = broken.items()
            console.print(f"error: {name} does not run: {error}", style="bold red", markup=False)
            console.print("nothing was measured; KEEP_GOING=1 (--keep-going) measures what runs", markup=False)
            return 1
        return _measure(console, [name for name in options.only if name not in broken], setting, broken)
    except KeyboardInterrupt:
        console.print("stopped; nothing was written")
        return 130


def run(names: list[str], setting: Setting, stop: bool = False) -> Outcome:
    """Run benchmarks in turn; whatever stops one, the others are still run, unless the first error is to `stop` all.

    Those at the tiny size need `shared_stack` around them.
    """
    outcome = Outcome()
    for number, name in enumerate(names, 1):
        setting.say(f"{name} ({number} of {len(names)}, about {spoken(expected([name], setting))})")
        began = time.monotonic()
        try:
            benchmark: Callable[[Setting], list[Row]] = import_module(BENCHMARKS[name]).run
            outcome.rows += benchmark(setting)
        except Exception as error:
            outcome.failed[name] = _told(name, error, setting)
            if stop:
                break
        outcome.seconds[name] = round(time.monotonic() - began, 1)
    return outcome


def _try(setting: Setting, names: list[str], keep_going: bool) -> dict[str, str]:
    """Those that do not run at the tiny size, with the reason; the first one only, unless one is to keep going."""
    tiny = setting.at_tiny_size(installs=True)
    setting.say(f"trying {_number(names)} at a tiny size first, about {spoken(expected(names, tiny))}")
    with shared_stack(tiny):
        return run(names, tiny, stop=not keep_going).failed


def _measure(console: Console, names: list[str], setting: Setting, broken: dict[str, str]) -> int:
    takes = expected(names, setting)
    until = datetime.now().astimezone() + timedelta(seconds=takes)
    setting.say(f"measuring {_number(names)}, about {spoken(takes)}, until {until:%H:%M}")
    began, machine = datetime.now(UTC), Machine.read()
    with shared_stack(setting) if setting.tiny else nullcontext():
        outcome = run(names, setting)
    failed = broken | outcome.failed
    print_report(Console(width=None if console.is_terminal else REPORT_WIDTH), machine, outcome.rows, failed)
    if setting.tiny:
        console.print("a tiny size shows that the benchmarks run; its figures say nothing and are not written")
    else:
        file = write_report(setting, began, machine, outcome.rows, failed, outcome.seconds)
        console.print(f"written to {file}", markup=False)
    return 1 if failed else 0


def _told(name: str, error: Exception, setting: Setting) -> str:
    """What went wrong in words; the place is in a file."""
    file = setting.folder(name) / "error.txt"
    file.write_text("".join(traceback.format_exception(error)))
    return f"{type(error).__name__}: {error}\n(where: {file})"


def _saying(console: Console) -> Callable[[str], None]:
    """Print a line with the minutes and seconds that have passed."""
    began = time.monotonic()

    def say(line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - began), 60)
        console.print(f"  {minutes:2}:{seconds:02}  {line}", markup=False)

    return say


def _number(names: list[str]) -> str:
    return "1 benchmark" if len(names) == 1 else f"{len(names)} benchmarks"


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{text!r}: choose among {', '.join(BENCHMARKS)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", type=_names, default=list(BENCHMARKS), metavar="NAMES", help=f"of {','.join(BENCHMARKS)}"
    )
    parser.add_argument(
        "--rows", type=int, default=ROWS, metavar="N", help="order items to extract or gate (default %(default)s)"
    )
    parser.add_argument(
        "--dataset", default=DATASET, metavar="SPEC", help="data set to build the marts of (default %(default)s)"
    )
    parser.add_argument(
        "--tiny", action="store_true", help="only show that they run: seconds each, nothing is installed for them"
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="measure what runs when one does not, instead of stopping at once"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
