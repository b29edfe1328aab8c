"""Work measured in a process of its own: its seconds and its peak memory."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.benchmarks.benchmark import BenchmarkError

REPOSITORY = Path(__file__).resolve().parents[2]
ERROR_LINES = 30


@dataclass(frozen=True)
class Measured:
    """Seconds of the work without the imports before it, and the largest resident memory of the whole process."""

    seconds: float
    peak_bytes: int
    answer: Any = None


def run_measured(
    module: str, task: Mapping[str, Any], folder: Path, environment: Mapping[str, str], python: str = sys.executable
) -> Measured:
    """Run a module, whose main calls `measure`, in a new process with `task` as its input.

    Its output goes to `<module>.log` in `folder`; `environment` is added to this process's own.

    Raises:
        BenchmarkError: it failed; the message holds the end of its output.
    """
    name = module.rpartition(".")[2]
    log, result = folder / f"{name}.log", folder / f"{name}.result.json"
    result.unlink(missing_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE",)}
    with log.open("w") as output:
        ended = subprocess.run(
            [python, "-W", "ignore", "-m", module, json.dumps(dict(task)), str(result)],
            env={**inherited, **environment},
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode != 0 or not result.exists():
        end = "\n".join(log.read_text(errors="replace").splitlines()[-ERROR_LINES:])
        raise BenchmarkError(f"{module} ended with {ended.returncode}; the end of {log}:\n{end}")
    return Measured(**json.loads(result.read_text()))


def measure(work: Callable[[dict[str, Any]], Any]) -> None:
    """Do the work on the task given on the command line, and write what it took where the second argument says."""
    measure_prepared(lambda task: None, lambda task, _: work(task))


def measure_prepared(prepare: Callable[[dict[str, Any]], Any], work: Callable[[dict[str, Any], Any], Any]) -> None:
    """As `measure`, but what `prepare` makes of the task is handed to the work and its time not counted."""
    task, result = json.loads(sys.argv[1]), Path(sys.argv[2])
    prepared = prepare(task)
    began = time.perf_counter()
    answer = work(task, prepared)
    measured = Measured(time.perf_counter() - began, peak_memory(), answer)
    result.write_text(json.dumps(asdict(measured)))


def peak_memory() -> int:
    """The largest resident memory that this process has had, in bytes.

    Linux counts into getrusage's `ru_maxrss` what the parent held when it started this process; the kernel's VmHWM is
    the same measure of this process alone.
    """
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
