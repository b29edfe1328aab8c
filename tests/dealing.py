"""Test files dealt to the workers of pytest-xdist by the seconds they took: long ones first, a directory at a time.

A worker that changes the directory starts that one's stack: it stays until nothing is left there.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import mean

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tests.timing import DURATIONS

UNKNOWN_SECONDS = 5.0


def directory(file: str) -> str:
    """The directory whose fixtures a test file shares: `tests/api` for all below it."""
    return "/".join(file.split("/")[:2])


def known_seconds(files: Iterable[str], held: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each file; one that was never measured takes what a file of its directory does."""
    by_directory = defaultdict(list)
    for file, seconds in held.items():
        by_directory[directory(file)].append(seconds)
    usual = {name: mean(each) for name, each in by_directory.items()}
    return {file: held.get(file, usual.get(directory(file), UNKNOWN_SECONDS)) for file in files}


def choose(left: Mapping[str, float], here: str | None, elsewhere: Iterable[str]) -> str:
    """The next file of `left` for a worker: the longest of its directory `here`, else of the directory with most to do.

    Directories where other workers are (`elsewhere`) come last: to join them starts their stack once more.
    """
    to_do: dict[str, float] = defaultdict(float)
    for file, seconds in left.items():
        to_do[directory(file)] += seconds
    if here not in to_do:
        free = to_do.keys() - set(elsewhere)
        here = max(free or to_do, key=lambda name: (to_do[name], name))
    return max((file for file in left if directory(file) == here), key=lambda file: (left[file], file))


class Dealing(LoadFileScheduling):
    """Hands out files by `choose`."""

    def schedule(self) -> None:
        if self.collection is None and self.collection_is_completed:
            files = {nodeid.split("::")[0] for each in self.registered_collections.values() for nodeid in each}
            self.seconds = known_seconds(files, json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {})
            self.place: dict[WorkerController, str] = {}
        super().schedule()

    def _assign_work_unit(self, node: WorkerController) -> None:
        elsewhere = [name for other, name in self.place.items() if other is not node and other in self.assigned_work]
        left = {file: self.seconds[file] for file in self.workqueue}
        file = choose(left, self.place.get(node), elsewhere)
        self.place[node] = directory(file)
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)
