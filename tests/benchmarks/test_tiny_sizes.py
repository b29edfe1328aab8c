"""Every benchmark runs: its own code from end to end, on as little as it can be run on."""

import pytest

from local.benchmarks.__main__ import BENCHMARKS, run
from local.benchmarks.benchmark import Setting

# What the tiny size does without: an Airflow, and packages that clash with the project's own.
LEFT_OUT = {"extraction": "dlt", "affinity": "mlxtend", "build": "build_marts"}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs_and_says_what_it_leaves_out(name: str, setting: Setting) -> None:
    outcome = run([name], setting)
    assert outcome.failed == {}
    assert outcome.rows
    assert all(row.what and row.figure for row in outcome.rows)
    told = [row for row in outcome.rows if "left out" in row.figure + row.compared_with]
    assert [LEFT_OUT[name] in row.what + row.compared_with for row in told] == [True] * (name in LEFT_OUT)
