"""A plugin of pytest that notes what each test and fixture took: tests/timing.py tells of it."""

import json
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "PYTEST_TIMES"
LEAST_FIXTURE_SECONDS = 0.01


class Recorder:
    """Notes times in a file; in a run with workers each of them does, and the run itself what it took as a whole."""

    def __init__(self, file: Path, command: str, is_worker: bool) -> None:
        self.file, self.command, self.is_worker = file, command, is_worker
        self.began = time.perf_counter()

    def note(self, kind: str, name: str, seconds: float, **more: Any) -> None:
        line = json.dumps({"kind": kind, "name": name, "seconds": round(seconds, 3), **more}) + "\n"
        with self.file.open("ab", buffering=0) as file:  # others write to it at the same time: a line is one write
            file.write(line.encode())

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not hasattr(report, "node"):  # what a worker reports it has noted itself
            self.note("test", report.nodeid, report.duration, phase=report.when)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            if (seconds := time.perf_counter() - began) >= LEAST_FIXTURE_SECONDS:
                self.note("fixture", f"{fixturedef.argname} ({fixturedef.baseid or 'pytest'})", seconds)

    def pytest_sessionfinish(self) -> None:
        if not self.is_worker:
            self.note("run", self.command, time.perf_counter() - self.began)


def recorder(is_worker: bool) -> Recorder | None:
    """The plugin, where PYTEST_TIMES names a file."""
    file = os.environ.get(VARIABLE)
    return Recorder(Path(file), " ".join(sys.argv[1:]), is_worker) if file else None
