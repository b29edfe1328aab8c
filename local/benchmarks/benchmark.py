"""What a benchmark is given and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class BenchmarkError(Exception):
    """A benchmark could not be run, or what it ran did not do all of the work. The message says what and why."""


@dataclass(frozen=True)
class Setting:
    """What a run of benchmarks may use.

    Each benchmark keeps its files, and the state of a stack if it starts one, in a folder of its own below `directory`.
    """

    directory: Path
    rows: int
    dataset: str
    say: Callable[[str], None]

    def folder(self, benchmark: str) -> Path:
        """The folder of a benchmark; it exists."""
        folder = self.directory / benchmark
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True)
class Row:
    """One line of the report. `reached` is None where no target is set; `details` are the numbers behind `figure`."""

    what: str
    figure: str
    compared_with: str = ""
    target: str = ""
    reached: bool | None = None
    details: dict[str, Any] = field(default_factory=dict)


def megabytes(size: float) -> str:
    """A size in bytes for reading, in units of a million."""
    return f"{size / 1e6:,.0f} MB"
