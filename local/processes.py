"""Child processes of the stack: started detached, found again by later commands, stopped only when they are ours."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

STOP_SECONDS = 20.0
START_TIME_TOLERANCE = 1.0  # seconds


@dataclass(frozen=True)
class ProcessRecord:
    """A process of ours: its id may be given to another program later, its start time may not."""

    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process, when it still runs and is the one that was recorded."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < START_TIME_TOLERANCE
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def start(command: Sequence[str], log: Path, environment: dict[str, str], user: str | None = None) -> ProcessRecord:
    """Start a command in a session of its own, so that it outlives this one; its output goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(environment),
            start_new_session=True,
            **options,
        )
    return ProcessRecord(child.pid, psutil.Process(child.pid).create_time())


def _environment(additions: dict[str, str]) -> dict[str, str]:
    """This process's variables and `additions`, but children may always keep compiled modules: they start sooner."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **additions}


def strays(state: Path) -> list[psutil.Process]:
    """Services of `state` that still run, whoever recorded them: a killed `up` may have written nothing."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        pairs = set(pairwise(arguments))
        if ("--state", str(state)) in pairs or ("-D", str(state / "postgres")) in pairs:
            found.append(process)
    return found


def stop(processes: Sequence[psutil.Process], interrupt: bool = False) -> None:
    """Ask processes to end (SIGINT or SIGTERM), and kill those that have not after a while."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(2) if interrupt else process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


def wait_until(answers: Callable[[], bool], record: ProcessRecord, seconds: float) -> bool:
    """Whether `answers()` became true before the process ended and the time was over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers():
            return True
        if record.process() is None:
            return False
        time.sleep(0.1)
    return False
