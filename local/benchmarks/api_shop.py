"""Loads and builds the shop that the benchmark of the API asks about, in a process of its own."""

from pathlib import Path
from typing import Any

from local.benchmarks.measured import measure
from local.built_shop import build_shop
from local.stack import Stack


def build(task: dict[str, Any]) -> None:
    """Build the shop of the stack whose state is in `task`."""
    build_shop(Stack.read(Path(task["state"])), Path(task["folder"]))


if __name__ == "__main__":
    measure(build)
