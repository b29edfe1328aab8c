"""Answers kept in memory for as long as the build they came from is the newest."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from plugins.analytics.builds import Build
from plugins.analytics.metrics import Metrics
from plugins.analytics.problem import Problem

OVERHEAD_BYTES = 600  # of an answer beside its body


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, ready to be sent, and what the log says of it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    route: str
    rows: int = 0
    etag: bytes = b""
    """Empty for an answer that is not to be kept."""
    personal_data_of: str | None = None
    """Key of the customer whose personal data it holds."""
    problem: Problem | None = None
    """Of an error: all who waited are told of it, each under the id of their own request."""

    @property
    def size(self) -> int:
        return len(self.body) + OVERHEAD_BYTES


class AnswerCache:
    """Successful answers by what was asked, the least used dropped first; all dropped with their build.

    Equal questions at the same time make one computation. Memory is bounded in bytes.
    """

    def __init__(self, max_bytes: int, metrics: Metrics, is_newest: Callable[[Build], bool]) -> None:
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._is_newest = is_newest
        self._build_number: int | None = None
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._bytes = 0
        self._at_work: dict[tuple[int, Hashable], asyncio.Task[Answer]] = {}

    def kept(self, key: Hashable, build: Build) -> Answer | None:
        """The answer of this build, if it is kept."""
        if build.number != self._build_number:
            self._clear(build)
            return None
        answer = self._kept.get(key)
        if answer is not None:
            self._kept.move_to_end(key)
            self._metrics.cached("hit")
        return answer

    async def computed(self, key: Hashable, build: Build, compute: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer as `compute` makes it, once for all who ask meanwhile."""
        task = self._at_work.get((build.number, key))
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            self._metrics.cached("miss")
            task = asyncio.ensure_future(self._compute(key, build, compute))
            self._at_work[build.number, key] = task
        else:
            self._metrics.cached("joined")
        return await asyncio.shield(task)  # who hangs up does not take the answer from the others

    async def _compute(self, key: Hashable, build: Build, compute: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            answer = await compute()
            # A build that finished meanwhile may have changed the tables under the question.
            if answer.etag and build.number == self._build_number and self._is_newest(build):
                self._keep(key, answer)
            return answer
        finally:
            self._at_work.pop((build.number, key), None)

    def _keep(self, key: Hashable, answer: Answer) -> None:
        if answer.size > self._max_bytes:
            return
        replaced = self._kept.pop(key, None)
        self._bytes += answer.size - (replaced.size if replaced else 0)
        self._kept[key] = answer
        while self._bytes > self._max_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].size
        self._metrics.cache_bytes.set(self._bytes)

    def _clear(self, build: Build) -> None:
        self._kept.clear()
        self._bytes = 0
        self._build_number = build.number
        self._metrics.cache_bytes.set(0)
