"""How long a run of benchmarks is going to take."""

import json
from collections.abc import Sequence

from local.benchmarks.benchmark import Setting

# Rough, for two cores with the default rows and data set: until the machine has a report of its own.
SECONDS = {
    "parse": 150,
    "extraction": 180,
    "build": 600,
    "affinity": 120,
    "daily_build": 600,
    "rfm": 60,
    "gate": 120,
    "api": 180,
}
TINY_SECONDS = 15


def expected(names: Sequence[str], setting: Setting) -> float:
    """Seconds that these will take: as long as the last time with the same rows and data set, else as SECONDS says."""
    known: dict[str, float] = {**SECONDS}
    for file in sorted(setting.directory.glob("*.json")):
        held = json.loads(file.read_text())
        if (held.get("asked_rows"), held.get("dataset")) == (setting.rows, setting.dataset):
            known |= held.get("seconds", {})
    return sum(TINY_SECONDS if setting.tiny else known.get(name, 0) for name in names)


def spoken(seconds: float) -> str:
    """Seconds as one says them of what is to come."""
    return f"{round(seconds / 60)} minutes" if seconds >= 90 else "a minute" if seconds >= 45 else f"{seconds:.0f} s"
