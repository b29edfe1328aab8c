"""Writes a data set in the canonical layout: a table a file, the events a file a day, dataset.json last."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local.datasets.days import StoreDays
from local.datasets.layout import EVENTS, TABLES, WEB_EVENTS, DatasetError

DESCRIPTION = "dataset.json"
ROW_GROUP = 131_072


@dataclass
class DatasetWriter:
    """Collects the tables of one data set under `directory`; `finish` describes them."""

    directory: Path
    id: str
    version: str
    rows: dict[str, int] = field(default_factory=dict)

    def table(self, name: str, table: pa.Table) -> None:
        """Write a whole table."""
        with self.stream(name) as write:
            write(table)

    @contextmanager
    def stream(self, name: str) -> Iterator[Any]:
        """A function that appends tables or batches of rows to a table's file."""
        schema = TABLES[name].schema
        self.rows[name] = 0
        with pq.ParquetWriter(self.directory / f"{name}.parquet", schema, compression="zstd") as file:

            def write(rows: pa.Table) -> None:
                file.write_table(rows.select(schema.names).cast(schema), row_group_size=ROW_GROUP)
                self.rows[name] += rows.num_rows

            yield write

    def events(self, events: pa.Table, day_numbers: np.ndarray, days: StoreDays) -> None:
        """Write events into the folders of their days, sorted by (event_at, event_sequence)."""
        if len(day_numbers) and not (day_numbers.min() >= 0 and day_numbers.max() < len(days)):
            raise DatasetError("events: an event belongs to no day of the data set")
        order = pc.sort_indices(
            pa.table({"day": day_numbers, "at": events["event_at"], "sequence": events["event_sequence"]}),
            sort_keys=[("day", "ascending"), ("at", "ascending"), ("sequence", "ascending")],
        )
        events = events.take(order)
        bounds = np.searchsorted(np.sort(day_numbers), np.arange(len(days) + 1))
        for number in range(len(days)):
            self.event_day(days[number].isoformat(), events.slice(bounds[number], bounds[number + 1] - bounds[number]))

    def event_day(self, day: str, events: pa.Table) -> None:
        """Write the events, already in order, of one day."""
        folder = self.directory / EVENTS / f"day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        schema = WEB_EVENTS.schema
        pq.write_table(events.select(schema.names).cast(schema), folder / "part-0.parquet", compression="zstd")
        self.rows[EVENTS] = self.rows.get(EVENTS, 0) + events.num_rows

    def finish(self, days: StoreDays, **description: Any) -> None:
        """Write an empty table for each one missing, then dataset.json, without which the data set does not count."""
        for name, layout in TABLES.items():
            if name not in self.rows:
                if name == EVENTS:
                    for number in range(len(days)):
                        self.event_day(days[number].isoformat(), layout.schema.empty_table())
                else:
                    self.table(name, layout.schema.empty_table())
        text = {
            "id": self.id,
            "version": self.version,
            **description,
            "timezone": days.timezone,
            "first_day": days.first.isoformat(),
            "last_day": days.last.isoformat(),
            "rows": {name: self.rows[name] for name in TABLES},
        }
        (self.directory / DESCRIPTION).write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n")
