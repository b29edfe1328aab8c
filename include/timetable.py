"""The daily schedule of a shop whose data has ended."""

from datetime import date, datetime, time, timedelta
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from pendulum import Timezone, timezone

DAILY = "0 0 * * *"


class DailyUntil(CronDataIntervalTimetable):
    """Days from midnight to midnight, and no scheduled run after `until`; backfills and manual runs are unaffected."""

    def __init__(self, until: date, store_timezone: str | Timezone) -> None:
        zone = timezone(store_timezone) if isinstance(store_timezone, str) else store_timezone
        super().__init__(DAILY, timezone=zone)
        self._until = until
        self._zone = zone

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Next day's run, or None when it would begin after `until`."""
        following = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        closed = datetime.combine(self._until + timedelta(days=1), time(), tzinfo=self._zone)
        interval = following.data_interval if following else None
        return following if interval and interval.start < closed else None

    def serialize(self) -> dict[str, Any]:
        return {"until": self._until.isoformat(), "store_timezone": self._zone.name}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "DailyUntil":
        return cls(date.fromisoformat(data["until"]), data["store_timezone"])
