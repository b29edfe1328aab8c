"""How often each principal may ask, and how often a client may fail to sign in."""

import math
import time
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from plugins.analytics.problem import Problem

if TYPE_CHECKING:
    from plugins.analytics.auth import Principal


class RequestLimits:
    """Requests a minute and principal over a sliding window, counted in this process."""

    def __init__(self, requests_per_minute: int) -> None:
        self._default = requests_per_minute
        self._items: dict[int, RateLimitItemPerMinute] = {}
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, principal: "Principal") -> None:
        """Count a request. Raises a Problem (429) that says when the next one may come."""
        allowed = principal.requests_per_minute or self._default
        item = self._items.setdefault(allowed, RateLimitItemPerMinute(allowed))
        if not self._limiter.hit(item, principal.name):
            raise _too_many(self._limiter, item, principal.name, f"more than {allowed} requests a minute")


class FailedSignIns:
    """Wrong credentials a minute and client address over a sliding window, counted in this process."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def refuse(self, client: str) -> None:
        """Raise a Problem (429) if this address has failed as often as it may."""
        if not self._limiter.test(self._item, client):
            raise self._refusal(client)

    def count(self, client: str) -> None:
        """Count a failure. Raises a Problem (429) if it is one too many."""
        if not self._limiter.hit(self._item, client):
            raise self._refusal(client)

    def _refusal(self, client: str) -> Problem:
        detail = f"more than {self._item.amount} failed sign-ins a minute from this address"
        return _too_many(self._limiter, self._item, client, detail)


def _too_many(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerMinute, counted: str, detail: str
) -> Problem:
    """A 429 that says when to come again."""
    reset = limiter.get_window_stats(item, counted).reset_time
    return Problem(
        429, "too-many-requests", detail, headers={"Retry-After": str(max(1, math.ceil(reset - time.time())))}
    )
