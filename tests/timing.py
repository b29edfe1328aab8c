"""How long tests and fixtures take: recorded while they run, told at the end of a check, kept for the next deal.

A run of pytest with PYTEST_TIMES=FILE in its environment appends to that file (tests/recorder.py).

    python -m tests.timing tell FILE    each step and run with its minutes, the slowest tests and fixtures
    python -m tests.timing keep FILE    rewrite tests/durations.json, by which files are dealt to workers
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

DURATIONS = Path(__file__).with_name("durations.json")
TOLD = 10

Record = dict[str, Any]


def read(file: Path) -> list[Record]:
    """The records of a file; a line that a killed process left unfinished is passed over."""
    found = []
    for line in file.read_text(errors="replace").splitlines() if file.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def told(records: Iterable[Record]) -> list[str]:
    """Lines: steps with the runs of pytest in them, then the slowest tests, then the fixtures that cost the most."""
    records = list(records)
    lines = [*_steps(records)]
    if slowest := _slowest_tests(records):
        lines += ["", f"the {len(slowest)} slowest tests", *slowest]
    if dearest := _dearest_fixtures(records):
        lines += ["", f"the {len(dearest)} fixtures that cost most, all their times together", *dearest]
    return lines


def durations(records: Iterable[Record]) -> dict[str, float]:
    """Seconds of each test file: what its tests took, with what was set up and taken down for them."""
    found: dict[str, float] = defaultdict(float)
    for record in records:
        if record["kind"] == "test":
            found[record["name"].split("::")[0]] += record["seconds"]
    return {file: round(seconds, 1) for file, seconds in sorted(found.items())}


def _steps(records: list[Record]) -> list[str]:
    """Steps are noted when they begin, by the second; each ends where the next begins."""
    lines: list[str] = []
    steps = [number for number, record in enumerate(records) if record["kind"] == "step"]
    for number, following in pairwise(steps):
        lines.append(f"{_minutes(records[following]['at'] - records[number]['at'])}  {records[number]['name']}")
        runs = [record for record in records[number:following] if record["kind"] == "run"]
        lines += [f"{_minutes(run['seconds'])}    pytest {run['name']}" for run in runs]
    if not steps:
        lines += [f"{_minutes(run['seconds'])}  pytest {run['name']}" for run in records if run["kind"] == "run"]
    return ["minutes", *lines] if lines else []


def _slowest_tests(records: list[Record]) -> list[str]:
    """A test's own seconds, without its fixtures'."""
    calls = [record for record in records if record["kind"] == "test" and record["phase"] == "call"]
    slowest = sorted(calls, key=lambda record: -record["seconds"])[:TOLD]
    return [f"{record['seconds']:7.1f} s  {record['name']}" for record in slowest]


def _dearest_fixtures(records: list[Record]) -> list[str]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record["kind"] == "fixture":
            seconds[record["name"]].append(record["seconds"])
    dearest = sorted(seconds.items(), key=lambda item: -sum(item[1]))[:TOLD]
    return [f"{sum(each):7.1f} s  {name}, {len(each)} ×, up to {max(each):.1f} s" for name, each in dearest]


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60:4d}:{int(seconds) % 60:02d}"


def main(action: str, file: str) -> None:
    records = read(Path(file))
    if action == "tell":
        print("\n".join(told(records)))
    elif action == "keep":
        DURATIONS.write_text(json.dumps(durations(records), indent=1) + "\n")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:3]) if len(sys.argv) == 3 else sys.exit(__doc__)
