"""The systems data comes from. Each module reads a window into Arrow batches and knows nothing of Airflow."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from include.lake import DayVersion


class SourceError(Exception):
    """A source answered what cannot be loaded."""


@dataclass(frozen=True)
class Extract:
    """Rows of one table in one window.

    `batches` must be read to its end or closed before its connection is: something may still be reading ahead. `days`
    names the days it replaces whole, for tables kept by the day. `asked_at` is the moment, by the source's own clock
    (aware), as of which the rows are true, for tables whose rows may go, or change under one version.
    """

    batches: "Generator[pa.RecordBatch]"
    days: "list[DayVersion]" = field(default_factory=list)
    asked_at: datetime | None = None


@dataclass(frozen=True)
class DayTotal:
    """What a source holds of a day: rows and money.

    `pending` rows of the day have changed after the window; None where the source cannot tell. `changed_from` is when
    the first of the other rows last changed (aware); None where rows are not found by when they changed.
    """

    day: date
    rows: int
    money: Decimal
    pending: int | None = 0
    changed_from: datetime | None = None
