"""The benchmarks at their tiny size, which share a stack."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.benchmarks.__main__ import ANY_FREE_PORTS
from local.benchmarks.benchmark import Setting
from local.benchmarks.stacks import shared_stack


@pytest.fixture(scope="package")
def setting() -> Iterator[Setting]:
    """The tiny size; nothing is installed for it.

    Not below pytest's own directory, which each run of pytest closes to PostgreSQL's system user again.
    """
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="bench-") as name:
        for variable, value in ANY_FREE_PORTS.items():
            patch.setenv(variable, value)
        patch.setenv("AIRFLOW_HOME", f"{name}/airflow")
        tiny = Setting(Path(name).resolve()).at_tiny_size(installs=False)
        with shared_stack(tiny):
            yield tiny
