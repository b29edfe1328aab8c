"""Run the whole product on this machine: load a data set with the real DAGs, show what came of it, keep the UI up.

`python -m local demo [--dataset SPEC] [--exit]`
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from rich.console import Console

from local.airflow_api import AirflowApiError
from local.airflow_environment import PASSWORD, USER
from local.airflow_runtime import AirflowError
from local.dbt_manifest import ManifestError
from local.loading import LoadError, Loading
from local.product import Product, running_product
from local.progress import Display, Phases
from local.report import print_report
from local.stack import StackError

DEFAULT_TIMEOUT_MINUTES = 120
WATCH_SECONDS = 2.0
ERRORS = (AirflowApiError, AirflowError, LoadError, ManifestError, StackError)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when all was loaded and built, 1 with a message when not, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    if options.port is not None:
        os.environ["AIRFLOW_PORT"] = str(options.port)
    console = Console(highlight=False, soft_wrap=True)
    phases = Phases(console)
    try:
        with _interruptible():
            _run(options, console, phases)
    except ERRORS as error:
        print(f"\nerror: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        phases.say("stopped; what was loaded is kept, and `make demo` goes on from here")
        return 130
    return 0


def _run(options: argparse.Namespace, console: Console, phases: Phases) -> None:
    deadline = time.monotonic() + options.timeout * 60
    with ExitStack() as running:
        with phases.phase("starting the stack and Airflow"):
            product = running.enter_context(running_product(options.dataset, phases.say))
        load(product, phases, Display(console, phases), deadline)
        print_report(console, product, phases.seconds)
        if not options.exit:
            _stay(product, console)
        phases.say("stopping Airflow and the stack")


def load(product: Product, phases: Phases, display: Display, deadline: float) -> None:
    """Load the product's data set and build the marts, each phase under its name."""
    loading = Loading(product, display, deadline)
    data = product.dataset
    with phases.phase("reading the DAGs"):
        loading.wait_for_dags()
    with phases.phase(f"loading the history, all days before {data.last_day}"), display.shown():
        loading.history()
    with phases.phase(f"loading the last day, {data.last_day}, as a daily run"), display.shown():
        daily = loading.last_day()
    with phases.phase("building the marts"), display.shown():
        loading.build(daily)


def _stay(product: Product, console: Console) -> None:
    """Leave everything up until Ctrl-C, or until a part of it ends."""
    console.print(f"\nAirflow stays up: {product.api.url}  ({USER} / {PASSWORD}). Ctrl-C ends it.")
    try:
        while True:
            product.check()
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        console.print()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the demo like Ctrl-C; a second signal does not cut the ending short."""
    ending = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local demo",
        description="Load a data set with the real DAGs in a real Airflow, and show what came of it.",
    )
    parser.add_argument(
        "--dataset",
        metavar="SPEC",
        help="simulated (default), complete_journey, online_retail:PATH, or a directory of your own files",
    )
    parser.add_argument("--exit", action="store_true", help="end after the report instead of keeping the UI up")
    parser.add_argument("--port", type=int, metavar="N", help="port of Airflow's UI (default 8080; 0 = a free one)")
    parser.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_TIMEOUT_MINUTES,
        metavar="MINUTES",
        help="give up after this time (default %(default)s)",
    )
    return parser
