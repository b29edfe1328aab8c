"""The days of a store: their bounds as instants, and the day an instant falls on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from local.datasets.columns import Ints

MICROSECONDS = 1_000_000
MILLISECOND = MICROSECONDS // 1000
DAY = 86_400 * MICROSECONDS


def midnight(day: date, timezone: str) -> int:
    """The instant a day begins in a time zone, in microseconds since 1970 UTC."""
    start = datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
    return int(start.timestamp()) * MICROSECONDS


def day_of(instant: int, timezone: str) -> date:
    """The store's day an instant (microseconds since 1970 UTC) falls on."""
    return datetime.fromtimestamp(instant / MICROSECONDS, ZoneInfo(timezone)).date()


@dataclass(frozen=True)
class StoreDays:
    """The days first..last, both inclusive, of a store in `timezone`."""

    first: date
    last: date
    timezone: str

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __getitem__(self, number: int) -> date:
        return self.first + timedelta(days=int(number))

    @cached_property
    def bounds(self) -> Ints:
        """The instants at which the days begin, and the one at which the last ends: len + 1 values."""
        return np.array([midnight(self[number], self.timezone) for number in range(len(self) + 1)], dtype=np.int64)

    @property
    def start(self) -> int:
        """The instant the first day begins."""
        return int(self.bounds[0])

    @property
    def end(self) -> int:
        """The instant the last day ends (exclusive)."""
        return int(self.bounds[-1])

    def numbers(self, instants: Ints) -> Ints:
        """The number of the day each instant falls on, 0 being the first; outside them -1 or len."""
        return np.searchsorted(self.bounds, instants, side="right") - 1
