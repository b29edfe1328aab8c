"""What a check tells of its times at the end, and what is kept of them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.stack import REPOSITORY
from tests import timing

SOURCE = """
import time
import pytest

@pytest.fixture(scope="module")
def slow():
    time.sleep(0.2)

@pytest.fixture
def above(slow):
    time.sleep(0.05)

def test_one(above): time.sleep(0.1)
def test_two(above): assert False
"""


def phase(name: str, seconds: float, when: str = "call") -> dict[str, Any]:
    return {"kind": "test", "name": name, "seconds": seconds, "phase": when}


def fixture(name: str, seconds: float) -> dict[str, Any]:
    return {"kind": "fixture", "name": name, "seconds": seconds}


def step(name: str, at: int) -> dict[str, Any]:
    return {"kind": "step", "name": name, "at": at}


def test_steps_end_where_the_next_begins_and_name_the_runs_in_them() -> None:
    run = {"kind": "run", "name": "-n 2 tests/unit", "seconds": 61.2}
    told = timing.told([step("check", 0), step("test", 75), run, step("end", 200)])
    assert told == ["minutes", "   1:15  check", "   2:05  test", "   1:01    pytest -n 2 tests/unit"]


def test_without_steps_the_runs_are_told() -> None:
    assert timing.told([{"kind": "run", "name": "x", "seconds": 61.2}]) == ["minutes", "   1:01  pytest x"]
    assert timing.told([]) == []


def test_the_ten_slowest_tests_by_what_they_call() -> None:
    told = timing.told([phase("t::setup", 99, "setup"), *(phase(f"t::{number}", number) for number in range(12))])
    assert told[1:3] == ["the 10 slowest tests", "   11.0 s  t::11"]
    assert len(told) == 12 and "t::setup" not in "".join(told)


def test_a_fixture_counts_with_all_its_times() -> None:
    told = timing.told([fixture("shop", 5), fixture("often", 3), fixture("often", 4)])
    assert told[-2:] == ["    7.0 s  often, 2 ×, up to 4.0 s", "    5.0 s  shop, 1 ×, up to 5.0 s"]


def test_a_file_takes_what_all_phases_of_its_tests_take() -> None:
    records = [phase("a.py::x", 1.04, "setup"), phase("a.py::x[1]", 2), phase("b.py::y", 3, "teardown")]
    assert timing.durations([*records, fixture("f", 9)]) == {"a.py": 3.0, "b.py": 3.0}


def test_a_line_that_was_not_finished_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "times"
    file.write_text(json.dumps(fixture("whole", 1)) + '\n{"kind": "fix')
    assert timing.read(file) == [fixture("whole", 1)]
    assert timing.read(tmp_path / "none") == []


@pytest.mark.parametrize("options", [(), ("--numprocesses=2", "--dist=loadfile")])
def test_a_run_notes_every_phase_and_fixture_once_also_of_what_fails(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_configure, pytest_xdist_make_scheduler\n")
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).write_text(SOURCE)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "xdist",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            ".",
            *options,
            ".",
        ],
        cwd=tmp_path,
        env={
            **kept,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # none of them has a part in it
            "PYTEST_TIMES": str(tmp_path / "times"),
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed, 2 passed" in ended.stdout, ended.stdout + ended.stderr
    records = timing.read(tmp_path / "times")
    tests = {(record["name"], record["phase"]) for record in records if record["kind"] == "test"}
    files = ("test_a.py", "test_b.py")
    assert tests == {
        (f"{file}::test_{name}", when)
        for file in files
        for name in ("one", "two")
        for when in ("setup", "call", "teardown")
    }
    found = sorted(record["name"] for record in records if record["kind"] == "fixture")
    assert found == sorted(f"{name} ({file})" for name in ("above", "above", "slow") for file in files)
    told = "\n".join(timing.told(records))
    assert "2 ×, up to 0." in told and "test_b.py::test_one" in told and "  pytest " in told


@pytest.mark.parametrize(("fails", "steps"), [("check", ["packages", "check"]), ("-", ["packages", "check", "test"])])
def test_the_whole_check_ends_with_its_times_also_where_a_step_fails(
    tmp_path: Path, fails: str, steps: list[str]
) -> None:
    noted = '{"kind": "test", "name": "a.py::slow", "seconds": 2.5, "phase": "call"}'
    for name, does in {
        "make": f"""echo "made $1"; [ "$1" != {fails} ] || exit 2; echo '{noted}' >>"$PYTEST_TIMES" """,
        "promtool": "",
    }.items():
        (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{does}\n")
        (tmp_path / name).chmod(0o755)
    ended = subprocess.run(
        [REPOSITORY / ".ci" / "run"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CHROMIUM": "/bin/true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode == 0) == (fails == "-")
    assert "made versions" in ended.stdout.split("== check")[0]
    told = ended.stdout.split("\nminutes\n")[1].splitlines()
    assert [line.split()[1] for line in told[: len(steps)]] == steps
    assert "    2.5 s  a.py::slow" in told
