"""Load days of a shop with the real DAGs while things break, and compare with one quiet load of the same data.

Each seed draws a history of the sources and what goes wrong, and runs on a local stack of its own. Exit status 0: every
seed ended in equal rows; 1: one did not, and what was lost, doubled or differs is printed. With `--without` a guard is
taken away, and a seed that ends in equal rows has not noticed it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from local.stack import REPOSITORY, state_directory
from tests.chaos.crew import prepare_airflow
from tests.chaos.guards import GUARDS
from tests.chaos.injector import KINDS

if TYPE_CHECKING:
    from tests.chaos.campaign import Verdict

WIDTH = 160


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds and print what came of them; 0 when all passed."""
    options = _parser().parse_args(arguments)
    verdicts = (_in_parts if options.jobs > 1 and len(options.seeds) > 1 else _here)(options)
    if options.report:
        options.report.write_text(json.dumps([vars(verdict) for verdict in verdicts]))
    else:
        _print(verdicts, Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _here(options: argparse.Namespace) -> "list[Verdict]":
    prepare_airflow(options.state)
    from tests.chaos.campaign import run_seed

    verdicts = []
    for seed in options.seeds:
        began = time.monotonic()

        def say(line: str, seed: int = seed, began: float = began) -> None:
            print(f"seed {seed} {time.monotonic() - began:6.1f} s  {line}", flush=True)

        verdict = run_seed(
            seed, options.days, options.state, say, options.without, options.only, harm=not options.quiet
        )
        for problem in verdict.problems:
            say(f"WRONG: {problem}")
        say("passed" if verdict.passed else "FAILED")
        verdicts.append(verdict)
    return verdicts


def _in_parts(options: argparse.Namespace) -> "list[Verdict]":
    """Seeds in processes of their own, so many at a time, each with a state directory of its own."""
    from tests.chaos.campaign import Verdict

    def part(number: int) -> list[dict]:
        found = []
        state = options.state / f"job-{number}"
        state.mkdir(parents=True, exist_ok=True)
        report = state / "report.json"
        seeds = [str(seed) for seed in options.seeds[number :: options.jobs]]
        command = [sys.executable, "-m", "tests.chaos", *seeds, "--days", str(options.days), "--state", str(state)]
        command += ["--report", str(report), *(["--quiet"] if options.quiet else [])]
        for name in ("without", "only"):
            command += [f"--{name}", value] if (value := getattr(options, name)) else []
        subprocess.run(command, cwd=REPOSITORY, check=False)
        if report.exists():
            found = json.loads(report.read_text())
        return found

    with ThreadPoolExecutor(options.jobs) as pool:
        parts = list(pool.map(part, range(options.jobs)))
    verdicts = [Verdict(**{**each, "struck": Counter(each["struck"])}) for found in parts for each in found]
    missing = set(options.seeds) - {verdict.seed for verdict in verdicts}
    verdicts += [Verdict(seed, options.days, ["the harness broke off"]) for seed in missing]
    return sorted(verdicts, key=lambda verdict: verdict.seed)


def _print(verdicts: "Sequence[Verdict]", console: Console) -> None:
    totals = sum((verdict.struck for verdict in verdicts), Counter[str]())
    for verdict in verdicts:
        totals.update(verdict.happened)
    kinds = Table(title="what went wrong, and what came odd", title_justify="left")
    kinds.add_column("kind")
    kinds.add_column("times", justify="right")
    for kind in dict.fromkeys((*KINDS, *totals)):
        kinds.add_row(kind, str(totals[kind]))
    console.print(kinds)
    table = Table(title="seeds", title_justify="left")
    for column in ("seed", "days", "faults", "kinds", "batches", "verdict", "seconds"):
        table.add_column(column, justify="left" if column == "verdict" else "right")
    for verdict in verdicts:
        ended = "equal" if verdict.passed else f"{len(verdict.problems)} problem(s)"
        faults, kinds_seen = str(verdict.struck.total()), str(len(verdict.struck))
        row = (verdict.seed, verdict.days, faults, kinds_seen, verdict.batches, ended, f"{verdict.seconds:.0f}")
        table.add_row(*map(str, row))
    console.print(table)
    for verdict in verdicts:
        for problem in verdict.problems:
            console.print(f"seed {verdict.seed}: {problem}", soft_wrap=True)


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    try:
        return list(range(int(first), int(last or first) + 1))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a span like 1-20") from None


class _Flat(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):  # type: ignore[no-untyped-def]
        setattr(namespace, self.dest, [seed for part in values for seed in part] or [1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("seeds", nargs="*", type=_seeds, default=[1], action=_Flat, metavar="SEED", help="3, or 1-20")
    parser.add_argument("--days", type=int, default=14, help="days of the history (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time (default %(default)s)")
    parser.add_argument("--without", choices=list(GUARDS), help="take a guard of the pipeline away: seeds must fail")
    parser.add_argument(
        "--only", choices=KINDS, metavar="KIND", help=f"one kind of harm, to every run: {'; '.join(KINDS)}"
    )
    parser.add_argument("--quiet", action="store_true", help="no harm at all: the days, one after the other")
    parser.add_argument("--state", type=Path, default=None, help="directory for what is made at run time")
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    parser.set_defaults(seeds=[1])
    return _WithState(parser)  # type: ignore[return-value]


class _WithState:
    """Fills in the default state directory: a short path, because sockets lie in it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def parse_args(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:
        options = self._parser.parse_args(arguments)
        options.state = (options.state or state_directory() / "chaos").resolve()
        options.state.mkdir(parents=True, exist_ok=True)
        return options


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    tempfile.tempdir = None
    sys.exit(main())
