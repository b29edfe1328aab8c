"""What questions may ask for: query parameters shared by the routes, and the spans of days they mean."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from plugins.analytics.builds import Build

DEFAULT_DAYS = 30
MAX_LIMIT = 1000

Grain = Literal["day", "week", "month"]
Direction = Literal["asc", "desc"]
NAME_PATTERN = r"^[^\x00-\x1f\x7f]*$"
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _iso_day(text: Any) -> Any:
    """Refuse what pydantic would take for a day beside YYYY-MM-DD: seconds since 1970, or a day with a time."""
    if isinstance(text, str) and not ISO_DAY.fullmatch(text):
        raise PydanticCustomError("iso_day", "a day is written YYYY-MM-DD")
    return text


IsoDay = Annotated[date, BeforeValidator(_iso_day)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=NAME_PATTERN)]
StartDate = Annotated[
    IsoDay | None,
    Field(description="First day (store time zone), included.", examples=["2026-06-01"]),
]
EndDate = Annotated[
    IsoDay | None,
    Field(description="Last day (store time zone), included.", examples=["2026-06-30"]),
]


@dataclass(frozen=True)
class Span:
    """Days from start to end, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def previous(self) -> "Span | None":
        """The span of as many days that ends the day before; None where the calendar does not reach back so far."""
        try:
            return Span(self.start - timedelta(days=self.days), self.start - timedelta(days=1))
        except OverflowError:
            return None

    def first_period(self, grain: Grain) -> date:
        """First day of the day, ISO week or month in which the span begins."""
        if grain == "month":
            return self.start.replace(day=1)
        if grain == "week" and self.start.toordinal() > 7:
            return self.start - timedelta(days=self.start.weekday())
        return self.start

    def whole(self, grain: Grain) -> "Span":
        """The days, ISO weeks or months that the span touches, from their first day to their last."""
        end = self.end
        if grain == "month":
            end = end.replace(day=monthrange(end.year, end.month)[1])
        elif grain == "week":
            end = date.fromordinal(min(end.toordinal() + 6 - end.weekday(), date.max.toordinal()))
        return Span(self.first_period(grain), end)

    def until(self, day: date) -> "Span | None":
        """The part of the span up to a day, included; None where the span begins later."""
        return Span(self.start, min(self.end, day)) if self.start <= day else None


class Parameters(BaseModel):
    """Query parameters of a route; one that it does not know is refused."""

    model_config = ConfigDict(extra="forbid")

    def values(self) -> dict[str, Any]:
        """The parameters as values of a query."""
        return self.model_dump(exclude={"cursor"})


class Spanned(Parameters):
    """A span of days: the last 30 that the marts cover, where nothing is said."""

    start_date: StartDate = Field(
        default=None, description="First day (store time zone), included; 29 before the last."
    )
    end_date: EndDate = Field(default=None, description="Last day (store time zone), included; else data_through.")

    @field_validator("end_date")
    @classmethod
    def _in_order(cls, end: date | None, info: Any) -> date | None:
        start = info.data.get("start_date")
        if start is not None and end is not None and end < start:
            raise PydanticCustomError("reversed_dates", "end_date must not be before start_date")
        return end

    def span(self, build: Build, default_days: int = DEFAULT_DAYS) -> Span:
        """The days that are meant."""
        end = self.end_date or max(build.data_through, self.start_date or date.min)
        earliest = (end - date.min).days
        return Span(self.start_date or end - timedelta(days=min(default_days - 1, earliest)), end)


class Limited(Parameters):
    """How many rows at most."""

    limit: int = Field(default=100, ge=1, le=MAX_LIMIT, description="Rows at most.", examples=[50])


class Paged(Limited):
    """A page of a list."""

    cursor: Annotated[str, StringConstraints(max_length=1024)] | None = Field(
        default=None, description="next_cursor of the page before, with the same other parameters."
    )


class Sorted(Paged):
    """A page of a list whose order can be chosen; nulls stand last, equal rows in the order of their keys."""

    order: Direction = Field(default="desc", description="Ascending or descending.")


class Place(Parameters):
    """Where sessions came from; everything, where nothing is said."""

    device: Name | None = Field(default=None, description="Device category.", examples=["mobile"])
    channel: Name | None = Field(default=None, description="Source and medium.", examples=["google / organic"])
