"""How often each principal may ask."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from plugins.analytics.auth import Principal
from plugins.analytics.problem import Problem


class RequestLimits:
    """Requests a minute and principal over a sliding window, counted in this process."""

    def __init__(self, requests_per_minute: int) -> None:
        self._default = requests_per_minute
        self._items: dict[int, RateLimitItemPerMinute] = {}
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, principal: Principal) -> None:
        """Count a request. Raises a Problem (429) that says when the next one may come."""
        allowed = principal.requests_per_minute or self._default
        item = self._items.setdefault(allowed, RateLimitItemPerMinute(allowed))
        if not self._limiter.hit(item, principal.name):
            reset = self._limiter.get_window_stats(item, principal.name).reset_time
            raise Problem(
                429,
                "too-many-requests",
                f"more than {allowed} requests a minute",
                headers={"Retry-After": str(max(1, math.ceil(reset - time.time())))},
            )
