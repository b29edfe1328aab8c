"""What so many events a day cost: files, credits, storage, workers. Every assumption is an option (docs/production.md).

python -m local.cost_estimate                                   # 1 M, 100 M and 1 B events a day
python -m local.cost_estimate 5000000 --bytes-per-event 60 --build-mb-per-second 80
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import ceil

EVENTS = (1_000_000, 100_000_000, 1_000_000_000)
SIZES = {"XS": 1, "S": 2, "M": 4, "L": 8, "XL": 16, "2XL": 32, "3XL": 64, "4XL": 128}
"""Credits an hour of a standard warehouse, by size: each is twice as large and as dear as the one before."""
MINIMUM_SECONDS = 60  # a warehouse that is resumed is charged so long at least
MB = 1024 * 1024
GB = 1024 * MB
TB = 1024 * GB


def assumed(value: float, meaning: str) -> float:
    """A field with a default that can be changed on the command line."""
    return field(default=value, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Assumptions:
    """Measured where it says so, else to be replaced by what `run_costs` and `audit.loads` show on your account."""

    bytes_per_event: float = assumed(
        50.0, "bytes of an event in the lake (37 measured, simulated shop; real addresses are longer)"
    )
    days_read: float = assumed(4.0, "days that a daily run loads: its own, and the three that GA may have rewritten")
    file_mb: float = assumed(128.0, "MB of a full Parquet file (include/lake.py)")
    files_per_copy: float = assumed(1000.0, "files a COPY statement names at most (include/landing.py)")
    extract_events_per_second: float = assumed(
        6_500.0, "events a task extracts a second (measured, source and task on two cores)"
    )
    extract_hours: float = assumed(3.0, "hours that a task may take (execution_timeout)")
    worker_gb: float = assumed(0.5, "GB of memory of an extract task (0.42 measured)")
    load_passes: float = assumed(8.0, "times that COPY, gate and publish go over a batch's bytes")
    load_mb_per_second: float = assumed(30.0, "compressed MB that an XS warehouse gets through a second while loading")
    build_passes: float = assumed(12.0, "times that the models go over the bytes of the days that changed")
    build_mb_per_second: float = assumed(
        60.0, "compressed MB that an XS warehouse gets through a second while building"
    )
    load_minutes: float = assumed(30.0, "minutes that loading may take")
    build_minutes: float = assumed(45.0, "minutes that the build may take")
    build_overhead_seconds: float = assumed(
        240.0, "seconds of a build however little there is: some 300 short statements"
    )
    suspend_seconds: float = assumed(60.0, "seconds until an idle warehouse is suspended (AUTO_SUSPEND)")
    reporting_hours: float = assumed(8.0, "hours a day that reporting_wh (XS, one cluster) is awake")
    lake_days: float = assumed(365.0, "days that the lake keeps batches")
    landing_days: float = assumed(14.0, "days that landing tables are kept (LANDING_TABLES_DAYS)")
    table_copies: float = assumed(
        2.5, "bytes of staging, facts and intermediates, as a multiple of the lake's, each day once"
    )
    table_days: float = assumed(365.0, "days of events that the tables hold")
    credit_price: float = assumed(3.0, "price of a credit; an example, see your contract")
    lake_gb_month_price: float = assumed(0.023, "price of a GB-month of object storage; an example")
    table_tb_month_price: float = assumed(23.0, "price of a TB-month in Snowflake; an example")


@dataclass(frozen=True)
class Work:
    """What a warehouse does once a day: size, seconds at work, and credits with those of waiting to be suspended."""

    size: str
    seconds: float
    credits: float


@dataclass(frozen=True)
class Estimate:
    """A day of `events`. Bytes and files are of one daily run, all days that it reads."""

    events: int
    bytes_read: float
    files: int
    copies: int
    extract_hours: float
    extract_tasks: int
    worker_gb: float
    load: Work
    build: Work
    reporting_credits: float
    lake_bytes: float
    table_bytes: float
    price_per_month: float

    @property
    def credits(self) -> float:
        """Credits a day."""
        return self.load.credits + self.build.credits + self.reporting_credits


def estimate(events: int, given: Assumptions | None = None) -> Estimate:
    """What `events` a day need."""
    given = given or Assumptions()
    day = events * given.bytes_per_event
    read = day * given.days_read
    files = ceil(given.days_read) * ceil(day / (given.file_mb * MB))
    load = _work(read * given.load_passes / MB / given.load_mb_per_second, 0, given.load_minutes, given)
    seconds = read * given.build_passes / MB / given.build_mb_per_second
    build = _work(seconds, given.build_overhead_seconds, given.build_minutes, given)
    hours = events * given.days_read / given.extract_events_per_second / 3600
    tasks = ceil(hours / given.extract_hours)
    reporting = given.reporting_hours * SIZES["XS"]
    lake = read * given.lake_days
    tables = day * given.table_copies * given.table_days + read * given.landing_days
    storage = lake / GB * given.lake_gb_month_price + tables / TB * given.table_tb_month_price
    return Estimate(
        events=events,
        bytes_read=read,
        files=files,
        copies=ceil(files / given.files_per_copy),
        extract_hours=hours,
        extract_tasks=tasks,
        worker_gb=tasks * given.worker_gb,
        load=load,
        build=build,
        reporting_credits=reporting,
        lake_bytes=lake,
        table_bytes=tables,
        price_per_month=(load.credits + build.credits + reporting) * 30 * given.credit_price + storage,
    )


def _work(xs_seconds: float, overhead: float, minutes: float, given: Assumptions) -> Work:
    """The smallest warehouse that is done in time, or the largest there is; twice the size takes half as long."""
    needed = {size: xs_seconds / rate + overhead for size, rate in SIZES.items()}
    size = next((size for size, seconds in needed.items() if seconds <= minutes * 60), [*SIZES][-1])
    charged = max(needed[size] + given.suspend_seconds, MINIMUM_SECONDS)
    return Work(size, needed[size], charged * SIZES[size] / 3600)


def lines(found: Sequence[Estimate]) -> list[str]:
    """A table in Markdown, a column an estimate."""
    rows = {
        "events a day": [f"{each.events:,}" for each in found],
        "read by a daily run": [_size(each.bytes_read) for each in found],
        "files, COPY statements": [f"{each.files:,}, {each.copies:,}" for each in found],
        "extracting, hours of one task": [_hours(each.extract_hours) for each in found],
        "tasks side by side, their memory": [f"{each.extract_tasks:,}, {each.worker_gb:,.1f} GB" for each in found],
        "loading_wh": [_told(each.load) for each in found],
        "transforming_wh": [_told(each.build) for each in found],
        "reporting_wh": [f"{each.reporting_credits:,.1f} credits" for each in found],
        "credits a day": [f"{each.credits:,.1f}" for each in found],
        "lake, a year of batches": [_size(each.lake_bytes) for each in found],
        "tables, a year of days": [_size(each.table_bytes) for each in found],
        "money a month": [f"{each.price_per_month:,.0f}" for each in found],
    }
    head, *rest = (f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())
    return [head, f"| --- |{' ---: |' * len(found)}", *rest]


def _told(work: Work) -> str:
    return f"{work.size}, {_hours(work.seconds / 3600)}, {work.credits:,.2f} credits"


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:,.1f} min"


def _size(size: float) -> str:
    for unit, name in ((TB, "TB"), (GB, "GB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / MB:,.0f} MB"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.cost_estimate", description=__doc__.split("\n")[0])
    parser.add_argument("events", nargs="*", type=int, help="events a day (default: 1 M, 100 M and 1 B)")
    for each in fields(Assumptions):
        option = f"--{each.name.replace('_', '-')}"
        help_text = f"{each.metadata['meaning']} (default: {each.default:g})"
        parser.add_argument(option, type=float, default=each.default, metavar="NUMBER", help=help_text)
    options = vars(parser.parse_args(arguments))
    given = Assumptions(**{each.name: options[each.name] for each in fields(Assumptions)})
    print("\n".join(lines([estimate(events, given) for events in options["events"] or EVENTS])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
