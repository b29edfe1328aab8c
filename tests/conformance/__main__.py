"""Load golden data sets through the whole product and compare what comes of them: `python -m tests.conformance`.

The real DAGs load each data set in a real Airflow from the local sources. The warehouse is the stand-in, unless the
environment names an account: AIRFLOW_CONN_WAREHOUSE with an empty database that `make bootstrap` has prepared, and
AIRFLOW_CONN_LAKE with LAKE_BUCKET for the bucket that the account's stage reads. Use one data set a database then.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.stack import state_directory
from tests.conformance import cdnow, complete_journey, online_retail, simulated
from tests.conformance.comparison import Comparison
from tests.end_to_end.loaded import loaded

DATASETS = {
    "cdnow": cdnow,
    "simulated": simulated,
    "online_retail": online_retail,
    "complete_journey": complete_journey,
}
WIDTH = 180


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; 0 when every comparison passed, 1 when one failed, 2 when a data set is missing."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    outcomes = [check(name, console, options.state) for name in options.datasets]
    failed = [one for outcome in outcomes if outcome for one in outcome if not one.passed]
    compared = sum(len(outcome) for outcome in outcomes if outcome)
    missing = [name for name, outcome in zip(options.datasets, outcomes, strict=True) if outcome is None]
    console.print(
        f"{compared} comparisons, {len(failed)} failed" + (f", not there: {', '.join(missing)}" if missing else "")
    )
    return 1 if failed else 2 if missing else 0


def check(name: str, console: Console, state: Path) -> list[Comparison] | None:
    """Load one data set and print its comparisons; None when its file is not there."""
    dataset = DATASETS[name]
    directory = state / name
    directory.mkdir(parents=True, exist_ok=True)
    spec = dataset.spec(directory)
    if spec is None:
        console.print(f"{dataset.TITLE}: the file is not beside this repository; left out")
        return None
    began = time.monotonic()
    console.print(f"{dataset.TITLE}: loading through the whole product")
    with loaded(spec, directory) as shop:
        comparisons = list(dataset.compare(shop))
    print_table(console, f"{dataset.TITLE} ({time.monotonic() - began:.0f} s)", comparisons)
    return comparisons


def print_table(console: Console, title: str, comparisons: Sequence[Comparison]) -> None:
    """One line a comparison."""
    table = Table(title=title, title_justify="left")
    for column in ("metric", "expected", "got", "tolerance", "pass"):
        table.add_column(column, overflow="fold")
    for one in comparisons:
        table.add_row(one.metric, one.expected, one.got, one.tolerance, "yes" if one.passed else "NO")
    console.print(table)


def _dataset(name: str) -> str:
    if name not in DATASETS:
        raise argparse.ArgumentTypeError(f"{name!r}: choose among {', '.join(DATASETS)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "datasets",
        nargs="*",
        type=_dataset,
        default=list(DATASETS),
        metavar="DATASET",
        help=f"of {', '.join(DATASETS)} (default: all)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=state_directory() / "conformance",
        help="directory of what is loaded; kept for the next time (default %(default)s)",
    )
    return parser


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
