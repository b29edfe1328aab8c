"""The span of time a run loads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


class WindowError(Exception):
    """The run does not say which days it should load."""


@dataclass(frozen=True)
class Window:
    """Half-open span [start, end), both aware and in UTC; `timezone` is the store's, in which days are counted."""

    start: datetime
    end: datetime
    timezone: ZoneInfo

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise WindowError(f"start {self.start:%Y-%m-%d %H:%M} is not before end {self.end:%Y-%m-%d %H:%M}")

    def days(self) -> Iterator[date]:
        """Store days that the window touches, in order."""
        day = self.start.astimezone(self.timezone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(self.timezone).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def trailing(self, days: int) -> "Window":
        """The `days` store days that end with this window."""
        end_day = self.end.astimezone(self.timezone).date()
        return Window(midnight(end_day - timedelta(days=days), self.timezone), self.end, self.timezone)

    def __str__(self) -> str:
        start, end = (moment.astimezone(self.timezone) for moment in (self.start, self.end))
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} ({self.timezone.key})"


def midnight(day: date, timezone: ZoneInfo) -> datetime:
    """First moment of a store day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone).astimezone(UTC)


def run_window(
    params: Mapping[str, Any],
    start: datetime | None,
    end: datetime | None,
    timezone: ZoneInfo,
    now: datetime | None = None,
) -> Window:
    """The window of a run: its params `start` and `end` (store days, end not included), else its data interval.

    With `now` (aware) the params may only name days that are over: any day that was loaded counts as whole.

    Raises:
        WindowError: neither is given, only one param is given, or a param is not a day, or not one that may be given.
    """
    first, last = params.get("start"), params.get("end")
    if first and last:
        end_day = _day("end", last)
        today = now.astimezone(timezone).date() if now else None
        if today and end_day > today:
            raise WindowError(
                f"param end: {last} is too late, {end_day - timedelta(days=1)} is not over in {timezone.key}; the "
                f"largest allowed is {today}, which loads up to its midnight"
            )
        return Window(midnight(_day("start", first), timezone), midnight(end_day, timezone), timezone)
    if first or last:
        raise WindowError("give both params, start and end, or neither")
    if start is None or end is None or start == end:
        raise WindowError("this run has no data interval: trigger it with the params start and end, e.g. 2026-06-01")
    return Window(start.astimezone(UTC), end.astimezone(UTC), timezone)


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise WindowError(f"param {name}: {value!r} is not a day like 2026-06-01") from None
