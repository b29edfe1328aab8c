"""The data set the services are served from: a directory of Parquet files with a description in dataset.json."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Dataset:
    """A prepared data set. Days are calendar days of the store's time zone, both ends included."""

    directory: Path
    id: str
    timezone: ZoneInfo
    first_day: date
    last_day: date

    @classmethod
    def open(cls, directory: Path) -> "Dataset":
        """Read dataset.json. Raises FileNotFoundError when the directory holds none."""
        description = json.loads((directory / "dataset.json").read_text())
        return cls(
            directory=directory,
            id=description["id"],
            timezone=ZoneInfo(description["timezone"]),
            first_day=date.fromisoformat(description["first_day"]),
            last_day=date.fromisoformat(description["last_day"]),
        )

    @cached_property
    def days(self) -> list[date]:
        """Every day of the data set, in order."""
        count = (self.last_day - self.first_day).days + 1
        return [self.first_day + timedelta(days=n) for n in range(count)]

    @property
    def as_of(self) -> datetime:
        """The moment the data set ends: what the services take for the present."""
        return self.day_start(self.last_day + timedelta(days=1))

    def day_start(self, day: date) -> datetime:
        """Midnight at the start of a store day, in UTC."""
        return datetime.combine(day, time(), self.timezone).astimezone(UTC)

    def table(self, name: str) -> pa.Table:
        """A small table, whole."""
        return pq.ParquetFile(self.directory / f"{name}.parquet").read()

    def event_file(self, day: date) -> Path:
        """Where a day's events lie; the file is absent on a day without events."""
        return self.directory / "events" / f"day={day.isoformat()}" / "part-0.parquet"
