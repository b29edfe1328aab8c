"""The harness itself: a seed passes as the pipeline is, and fails when a guard of the pipeline is taken away."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.stack import REPOSITORY
from tests.chaos import timeline
from tests.chaos.comparison import Held, compare
from tests.chaos.injector import IN_RANDOM_ORDER, KINDS, POSTPONED, Injector

SECONDS = 1200
END = "-- ended with"
# One process for all of them, as for many seeds: to import everything, and to make Airflow's database, takes most of a
# short campaign's time.
SEVERAL = f"""
import json, sys, traceback
from tests.chaos.__main__ import main
for line in sys.stdin:
    try:
        code = main(json.loads(line))
    except BaseException:
        traceback.print_exc()
        code = 2
    print("\\n{END}", code, flush=True)
"""


class Harness:
    """Runs campaigns one after the other, as `python -m tests.chaos` does."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.process = subprocess.Popen(
            [sys.executable, "-c", SEVERAL],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def chaos(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a campaign; the process is killed when it takes too long."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([*arguments, "--state", str(self.state)]) + "\n")
        self.process.stdin.flush()
        output: list[str] = []
        with killed_after(SECONDS, self.process):
            for line in self.process.stdout:
                if line.startswith(END):
                    return int(line.removeprefix(END)), "".join(output)
                output.append(line)
        raise AssertionError("the harness broke off:\n" + "".join(output))


@contextmanager
def killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    yield
    timer.cancel()


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    running = Harness(tmp_path_factory.mktemp("chaos"))
    yield running
    assert running.process.stdin
    running.process.stdin.close()
    running.process.wait(60)


def test_days_under_harm_end_in_the_rows_of_a_quiet_load(harness):
    code, output = harness.chaos("1", "--days", "3")
    assert code == 0, output


def test_the_command_names_the_harms_it_knows():
    command = [sys.executable, "-m", "tests.chaos", "1", "--only", "a flood"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert POSTPONED in ended.stderr


@pytest.mark.parametrize(
    ("guard", "seed", "days", "harm", "told"),
    [
        ("transaction", "3", "1", "worker killed inside publish", "audit.loads"),
        ("duplicate-check", "1", "1", "answer to commit lost", "failed for good after: answer to commit lost"),
        ("manifest", "1", "1", "manifest disagrees", "audit.loads does not balance"),
        ("ranking", "1", "2", POSTPONED, "took back orders"),
    ],
)
def test_a_missing_guard_is_noticed(harness, guard, seed, days, harm, told):
    code, output = harness.chaos(seed, "--days", days, "--only", harm, "--without", guard)
    assert code == 1, output
    assert "problem(s)" in output and told in output


def test_a_seed_always_means_the_same():
    assert vars(timeline.make(3, 5)) == vars(timeline.make(3, 5))
    drawn = [[Injector(3).harm("ingest_orders").kinds for _ in range(1)] for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_seeds_differ_and_every_kind_of_harm_is_drawn():
    drawn = set()
    for seed in range(1, 21):
        injector = Injector(seed)
        for _ in range(14):
            for dag_id in ("ingest_orders", "ingest_catalog", "ingest_crm", "ingest_web_events"):
                drawn.update(injector.harm(dag_id).kinds)
    assert set(KINDS) - drawn == set(KINDS[KINDS.index(IN_RANDOM_ORDER) :])  # those the campaign draws


@pytest.mark.parametrize("seed", range(3))
def test_a_history_keeps_the_order_of_versions_and_ends_with_the_newest(seed):
    history = timeline.make(seed, 14)
    last: dict = {}
    for number in range(14):
        for change in history.changes[number]:
            key = (change.table, change.row[timeline.KEYS[change.table]])
            assert key not in last or last[key] < change.row["updated_at"]
            last[key] = change.row["updated_at"]
            assert change.row["updated_at"] < timeline.midnight(history.days[number] + timeline.timedelta(days=1))


def held(*rows: tuple[str, ...]) -> dict[str, Held]:
    from collections import Counter

    return {"STAGING.ORDERS": Held(("ORDER_ID", "STATUS"), (0,), Counter(rows))}


def test_the_comparison_tells_lost_doubled_and_different_rows():
    clean = held(("1", "paid"), ("2", "paid"), ("3", "paid"))
    harmed = held(("2", "paid"), ("2", "paid"), ("3", "new"), ("4", "paid"))
    told = {difference.how: difference.samples for difference in compare(clean, harmed)}
    assert told == {
        "rows lost": ("1",),
        "rows doubled": ("2",),
        "rows differ": ("3 (STATUS new for paid)",),
        "rows without a source": ("4",),
    }
    assert compare(clean, clean) == []
