"""How the demo tells what it is doing: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.loading import RunProgress

NAMED_TASKS = 3
STYLES = {"success": "green", "failed": "red", "running": "cyan", "queued": "dim"}


@dataclass
class Phases:
    """Names the phases of the demo while they run, and remembers what each took, in seconds."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Announce a phase and time it."""
        self.console.print(Text(f"{self._clock()}  {name}", style="bold"))
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began

    def say(self, line: str) -> None:
        """One line under the phase that runs."""
        self.console.print(Text(f"{self._clock()}    {line}", style="dim"))

    def _clock(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        return f"{minutes:2d}:{seconds:02d}"


class Display:
    """Shows the runs that are waited for."""

    def __init__(self, console: Console, phases: Phases) -> None:
        self._console = console
        self._phases = phases
        self._live: Live | None = None
        self._told: dict[tuple[str, str], tuple] = {}

    @contextmanager
    def shown(self) -> Iterator["Display"]:
        """Keep the table up while waiting."""
        if not self._console.is_terminal:
            yield self
            return
        with Live(console=self._console, refresh_per_second=4, transient=False) as live:
            self._live = live
            try:
                yield self
            finally:
                self._live = None

    def __call__(self, runs: Sequence[RunProgress]) -> None:
        """Show how far the runs are."""
        if self._live:
            self._live.update(Group(_table(runs)))
            return
        for progress in runs:
            self._tell(progress)

    def _tell(self, progress: RunProgress) -> None:
        """A line when something moved."""
        run = progress.run
        active = _active(progress)
        state = (run.state, progress.done, active)
        if self._told.get((run.dag_id, run.run_id)) == state:
            return
        self._told[run.dag_id, run.run_id] = state
        ending = f"{run.state} in {progress.seconds:.0f} s" if run.is_finished else active
        self._phases.say(f"{run.dag_id:18} {progress.done:3d}/{len(progress.tasks):<3d} {ending}")


def _table(runs: Sequence[RunProgress]) -> Table:
    table = Table.grid(padding=(0, 2))
    for progress in runs:
        run = progress.run
        table.add_row(
            "      ",
            Text(run.dag_id),
            ProgressBar(total=max(len(progress.tasks), 1), completed=progress.done, width=24),
            Text(f"{progress.done}/{len(progress.tasks)}", justify="right"),
            Text(f"{progress.seconds:.0f} s", justify="right"),
            Text(run.state, style=STYLES.get(run.state, "")),
            Text(_active(progress), style="dim", no_wrap=True, overflow="ellipsis"),
        )
    return table


def _active(progress: RunProgress) -> str:
    """The tasks at work, a few of them by name."""
    names = [task.name if task.state == "running" else f"{task.name} ({_wait(task.state)})" for task in progress.active]
    more = f" and {len(names) - NAMED_TASKS} more" if len(names) > NAMED_TASKS else ""
    return ", ".join(names[:NAMED_TASKS]) + more


def _wait(state: str | None) -> str:
    return "waiting" if state in ("deferred", "up_for_reschedule") else "another try follows"
