"""What a simulated shop is made from: its size, its span, and the truths planted in it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

import numpy as np

from local.datasets.columns import Ints
from local.datasets.days import DAY, StoreDays
from local.datasets.layout import DatasetError

TIMEZONE: Final = "Europe/London"
CURRENCY: Final = "GBP"
LIMITS: Final = {"customers": (20, 200_000), "days": (14, 1_500), "seed": (0, 2**31 - 1)}

# Purchases follow BG/NBD: rates are gamma distributed, a customer drops out after a purchase with a beta probability.
PURCHASE_PROCESS: Final = {"r": 0.9, "alpha": 36.0, "a": 0.8, "b": 4.0}  # alpha in days

# Who buys the first product adds the second one to the basket with this probability.
PAIRS: Final = (
    ("P-1023", "P-1024", 0.45),  # V60 dripper, paper filters
    ("P-1027", "P-1007", 0.40),  # moka pot, espresso
    ("P-1031", "P-1002", 0.50),  # hand grinder, house blend
    ("P-1035", "P-1016", 0.35),  # glass teapot, sencha
    ("P-1017", "P-1038", 0.55),  # matcha, bamboo whisk
)

DEVICES: Final = ("desktop", "mobile", "tablet")
DEVICE_SHARES: Final = (0.44, 0.48, 0.08)
CHANNELS: Final = (  # traffic source, medium, share of the buyers, factor on each step of the funnel
    ("google", "organic", 0.36, 1.00),
    ("google", "cpc", 0.24, 0.95),
    ("(direct)", "(none)", 0.20, 1.05),
    ("newsletter", "email", 0.13, 1.10),
    ("partner-blog", "referral", 0.07, 0.90),
)
# Share of the sessions that go on: visit → view_item → add_to_cart → begin_checkout → purchase.
FUNNEL: Final = {
    "desktop": (0.78, 0.50, 0.62, 0.68),
    "mobile": (0.70, 0.42, 0.56, 0.60),
    "tablet": (0.74, 0.45, 0.58, 0.62),
}


@dataclass(frozen=True)
class Parameters:
    """Size, span and seed of a simulated shop."""

    customers: int = 3_000
    days: int = 365
    seed: int = 42
    end: date = date(2026, 6, 30)

    @classmethod
    def read(cls, options: Mapping[str, str]) -> "Parameters":
        """The parameters of a specification such as customers=300,days=60; DatasetError for one that makes no sense."""
        values: dict[str, Any] = {}
        for name, text in options.items():
            if name == "end":
                try:
                    values[name] = date.fromisoformat(text)
                except ValueError:
                    raise DatasetError(f"simulated: end={text} is not a day such as 2026-06-30") from None
                continue
            if name not in LIMITS:
                raise DatasetError(f"simulated: no parameter {name!r}; there are {', '.join(LIMITS)} and end")
            low, high = LIMITS[name]
            if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
                raise DatasetError(f"simulated: {name}={text} is not a whole number from {low:,} to {high:,}")
            values[name] = int(text)
        return cls(**values)

    @property
    def id(self) -> str:
        """A name for the shop, made of what differs from the default one."""
        different = (field.name for field in fields(self) if getattr(self, field.name) != field.default)
        return "-".join(["simulated", *(f"{name}{getattr(self, name)}" for name in different)])

    @property
    def store_days(self) -> StoreDays:
        """The span as days of the store."""
        return StoreDays(date.fromordinal(self.end.toordinal() - self.days + 1), self.end, TIMEZONE)

    def random(self, part: str) -> np.random.Generator:
        """The random numbers of one part of the shop: changing one part leaves the others as they were."""
        return np.random.default_rng([self.seed, *part.encode()])


# Relative business of the 24 hours of a day.
HOURS: Final = np.array([2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 9, 8, 8, 8, 9, 10, 12, 13, 12, 8, 4], dtype=float)


def moments(random: np.random.Generator, days: StoreDays, day_numbers: Ints) -> Ints:
    """A busy moment in each of these days, as microseconds since 1970 UTC, to the microsecond."""
    hours = random.choice(24, size=len(day_numbers), p=HOURS / HOURS.sum())
    part = (hours + random.random(len(day_numbers))) / 24
    lengths = np.diff(days.bounds)[day_numbers]
    return days.bounds[day_numbers] + (part * lengths).astype(np.int64)


def later(instants: Ints, random: np.random.Generator, low: float, high: float) -> Ints:
    """The instants moved by between `low` and `high` days."""
    return instants + (random.uniform(low, high, len(instants)) * DAY).astype(np.int64)
