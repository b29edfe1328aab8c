"""What a benchmark is given and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

Size = TypeVar("Size")

ROWS = 2_000_000
DATASET = "simulated"
TINY_ROWS = 2_000
TINY_LAST_DAY = date(2026, 6, 30)
TINY_DATASET = f"simulated:customers=60,days=14,seed=3,end={TINY_LAST_DAY}"


class BenchmarkError(Exception):
    """A benchmark could not be run, or what it ran did not do all of the work. The message says what and why."""


@dataclass(frozen=True)
class Setting:
    """What a run of benchmarks may use.

    Each benchmark keeps its files, and the state of a stack if it starts one, in a folder of its own below `directory`.
    At the tiny size, which takes seconds and whose figures mean nothing, those on a warehouse share one stack.
    """

    directory: Path
    rows: int = ROWS
    dataset: str = DATASET
    say: Callable[[str], None] = print
    tiny: bool = False
    installs: bool = True
    """Whether the tools take part that are installed into an environment of their own first, which takes minutes."""

    def folder(self, benchmark: str) -> Path:
        """The folder of a benchmark; it exists."""
        folder = (self.directory / "tiny" if self.tiny else self.directory) / benchmark
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def environments(self) -> Path:
        """The folder of what is installed for the tools compared with, the same for each size; it exists."""
        folder = self.directory / "environments"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def size(self, full: Size, tiny: Size) -> Size:
        """The one of a benchmark's two sizes that is wanted."""
        return tiny if self.tiny else full

    def at_tiny_size(self, installs: bool) -> "Setting":
        """The same at the tiny size."""
        return replace(self, rows=TINY_ROWS, dataset=TINY_DATASET, tiny=True, installs=installs)


@dataclass(frozen=True)
class Row:
    """One line of the report. `reached` is None where no target is set; `details` are the numbers behind `figure`."""

    what: str
    figure: str
    compared_with: str = ""
    target: str = ""
    reached: bool | None = None
    details: dict[str, Any] = field(default_factory=dict)


def left_out(what: str, why: str) -> Row:
    """The line of something that was not measured at this size."""
    return Row(what, "left out", why)


def megabytes(size: float) -> str:
    """A size in bytes for reading, in units of a million."""
    return f"{size / 1e6:,.0f} MB"
