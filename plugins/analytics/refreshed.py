"""A value of the warehouse that is kept for a while and loaded again in the background."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from plugins.analytics.problem import Problem

Value = TypeVar("Value")


class Refreshed(Generic[Value]):
    """The newest value that `load` gave, at most `at_most` seconds old.

    Nobody waits while it is younger than half of that; older, it is loaded anew behind the answer; too old, callers
    wait for one load together. Only callers cause loads: an API that nobody asks leaves the warehouse asleep.

    Args:
        load: blocking; run in a thread.
        at_most: seconds.
        retry_after: seconds for which a failed load is told again instead of being tried again.
        patience: seconds that a load may take before the old value stands in for it.
        keep: kinds of problems (Problem.kind) for which the old value stands in after a load that failed.
    """

    def __init__(
        self,
        load: Callable[[], Value],
        at_most: float,
        retry_after: float,
        patience: float,
        keep: frozenset[str],
    ) -> None:
        self._load = load
        self._at_most = at_most
        self._retry_after = retry_after
        self._patience = patience
        self._keep = keep
        self._value: Value | None = None
        self._loaded_at = self._failed_at = self._started_at = float("-inf")
        self._failure: Problem | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def known(self) -> Value | None:
        """The value as it was last loaded, however old."""
        return self._value

    @property
    def is_refused(self) -> bool:
        """Whether the last load failed in a way for which no old value stands in."""
        return self._failure is not None and (self._value is None or self._failure.kind not in self._keep)

    async def get(self, at_most: float | None = None, ahead: bool = True) -> Value:
        """The value; `at_most` asks for a younger or an older one than usual, `ahead` for loads behind the answer.

        Raises:
            Problem: that of a load that failed.
        """
        limit = self._at_most if at_most is None else at_most
        age = time.monotonic() - self._loaded_at
        if self._value is None or age >= limit:
            await self._loaded()
        elif ahead and age >= limit / 2:
            self._start()
        assert self._value is not None
        return self._value

    async def _loaded(self) -> None:
        if self._failure is None or time.monotonic() - self._failed_at >= self._retry_after:
            task = self._start()
            if self._value is None or self.is_refused:
                await asyncio.shield(task)
            else:
                left = max(0, self._started_at + self._patience - time.monotonic())
                for ended in (await asyncio.wait([task], timeout=left))[0]:
                    ended.result()  # what is no Problem is raised
        if self.is_refused:
            assert self._failure is not None
            raise self._failure

    def _start(self) -> "asyncio.Task[None]":
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._started_at = time.monotonic()
            self._task = loop.create_task(self._run())
        return self._task

    async def _run(self) -> None:
        began = time.monotonic()
        try:
            self._value = await asyncio.to_thread(self._load)
        except Problem as problem:
            self._failure, self._failed_at = problem, time.monotonic()
        else:
            self._failure, self._loaded_at = None, began
