"""A demo whose scheduler and stack are killed in the middle."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.stack import REPOSITORY
from tests.end_to_end.loaded import ANY_FREE_PORTS, TIMEOUT_SECONDS

MIDDLE = re.compile(r"\.(gate|publish)\b")  # the demo names the tasks at work, at each look


@dataclass(frozen=True)
class KilledDemo:
    """How it ended: its exit code, all it printed, and the processes it left behind."""

    exit_code: int
    output: str
    leftovers: list[str]


def kill_a_demo(spec: str, state: Path, output: Path) -> KilledDemo:
    """Start `make demo` on a data set, kill its scheduler and whole stack in the middle of batches, and let it end."""
    demo = _start(spec, state, output)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not MIDDLE.search(output.read_text()):
        assert demo.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.5)
    _kill_scheduler_and_stack(state)
    exit_code = demo.wait(timeout=120)
    return KilledDemo(exit_code, output.read_text(), leftovers(state))


def _start(spec: str, state: Path, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "local", "demo", "--exit", "--dataset", spec],
            cwd=REPOSITORY,
            env={**os.environ, **ANY_FREE_PORTS, "LOCAL_STATE": str(state)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def _kill_scheduler_and_stack(state: Path) -> None:
    pids = [json.loads((state / "airflow" / "runtime.json").read_text())["pids"]["scheduler"]]
    pids += [service["pid"] for service in json.loads((state / "stack.json").read_text())["services"].values()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def leftovers(state: Path) -> list[str]:
    """Processes that still work for this state directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(state) in " ".join(process.cmdline()) or process.environ().get("AIRFLOW_HOME", "").startswith(
                str(state)
            ):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found
