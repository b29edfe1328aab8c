"""Test files dealt to the workers of pytest-xdist by the seconds they took: long ones first, a directory at a time.

A worker that changes the directory starts that one's stack: it stays until nothing is left there.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tests.timing import DURATIONS

UNKNOWN_SECONDS = 2.0  # a test


def directory(file: str) -> str:
    """The directory whose fixtures a test file shares: `tests/api` for all below it."""
    return "/".join(file.split("/")[:2])


def known_seconds(tests: Mapping[str, int], held: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each file, of which the number of tests is given: those `held`, else as its directory's tests take."""
    seconds: dict[str, float] = defaultdict(float)
    measured: dict[str, int] = defaultdict(int)
    for file in tests.keys() & held.keys():
        seconds[directory(file)] += held[file]
        measured[directory(file)] += tests[file]
    usual = {name: seconds[name] / number for name, number in measured.items()}
    return {
        file: held.get(file, number * usual.get(directory(file), UNKNOWN_SECONDS)) for file, number in tests.items()
    }


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
            collected = next(iter(self.registered_collections.values()))
            tests = Counter(nodeid.split("::")[0] for nodeid in collected)
            self.seconds = known_seconds(tests, json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {})
            self.place: dict[WorkerController, str] = {}
        super().schedule()

    def _assign_work_unit(self, node: WorkerController) -> None:
        elsewhere = [name for other, name in self.place.items() if other is not node and other in self.assigned_work]
        left = {file: self.seconds[file] for file in self.workqueue}
        file = choose(left, self.place.get(node), elsewhere)
        self.place[node] = directory(file)
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)
