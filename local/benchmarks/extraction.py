"""Extraction of order items from PostgreSQL to Parquet on S3: this product, SqlToS3Operator and dlt.

All read the same rows and columns: the items with their order's time. Each run is a process of its own, the order
changes from round to round, and what stands on S3 afterwards is counted.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import pyarrow.parquet as pq
import s3fs

from include.bootstrap import bootstrap
from include.config import ORDER_DB
from include.warehouse import Warehouse
from local.airflow_settings import Settings, read_settings
from local.benchmarks.benchmark import BenchmarkError, Row, Setting, left_out, megabytes
from local.benchmarks.environments import NOT_INSTALLED, python_with
from local.benchmarks.measured import REPOSITORY, Measured, run_measured
from local.benchmarks.shop import LINES, Shop, generated_shop
from local.benchmarks.stacks import benchmark_stack, state_of
from local.postgres import Cluster
from local.product import Dataset, client_environment
from local.snowflake.account import connect
from local.stack import Stack

ROUNDS, TINY_ROUNDS = 3, 1
SLOW_SECONDS = 60.0  # what takes longer runs once
GROWTH = 4
TIMES_FASTER = 5
PEAK_BYTES = 400_000_000
PEAK_GROWTH = 0.10
DLT_REQUIREMENTS = REPOSITORY / "local" / "benchmarks" / "dlt-requirements.txt"
DLT_BACKENDS = ("pyarrow", "connectorx")


@dataclass(frozen=True)
class Contestant:
    """One way to extract `rows` rows; its Parquet files are found under `prefix`."""

    name: str
    module: str
    rows: int
    prefix: str
    task: dict[str, Any]
    python: str = sys.executable


def run(setting: Setting) -> list[Row]:
    """Rows per second and peak memory, and whether the product's memory grows with the rows.

    Raises:
        BenchmarkError: one of them failed, or left another number of rows on S3.
    """
    python = python_with(DLT_REQUIREMENTS, setting)
    with benchmark_stack(setting, "extraction") as stack:
        endpoint = stack.endpoints["snowflake"]
        with connect(endpoint, stack.ca_file, database=endpoint["database"]) as connection:
            bootstrap(Warehouse(connection))  # an extract asks whom it must leave out
        setting.say(f"generating {setting.rows:,} order items in PostgreSQL")
        state = state_of(setting, "extraction")
        cluster = Cluster(state / "postgres", stack.endpoints["postgres"]["port"])
        with generated_shop(cluster, setting.rows) as shop:
            place = Place(stack, shop, setting.folder("extraction"))
            contestants = [_product(shop, shop.rows), _product(shop, shop.rows // GROWTH), _sql_to_s3(place)]
            contestants += [_dlt(place, backend, python) for backend in DLT_BACKENDS] if python else []
            rounds = setting.size(ROUNDS, TINY_ROUNDS)
            product, part, operator, *others = _rounds(place, contestants, rounds, setting.say)
    beside = [] if python else [left_out("extraction beside dlt", NOT_INSTALLED)]
    return _report(product, part, operator, others) + beside


@dataclass(frozen=True)
class Place:
    """Where rows come from and go to, and where logs are kept."""

    stack: Stack
    shop: Shop
    folder: Path

    @property
    def s3(self) -> dict[str, Any]:
        return self.stack.endpoints["s3"]

    @cached_property
    def environment(self) -> dict[str, str]:
        """Variables under which the product's code and Airflow's operators find source and lake."""
        settings = read_settings().for_stack(self.stack)
        dataset = Dataset.read(self.stack.dataset_dir)
        return {
            **_with_database(settings, self.shop.database).environment(),
            **client_environment(self.stack, dataset, self.folder / "state"),
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }

    def run(self, contestant: Contestant) -> Measured:
        """Let it extract into an empty place, check the rows that are found there, and remove them."""
        self._remove(contestant.prefix)
        measured = run_measured(contestant.module, contestant.task, self.folder, self.environment, contestant.python)
        found = self._rows(contestant.prefix)
        self._remove(contestant.prefix)
        if found != contestant.rows:
            raise BenchmarkError(f"{contestant.name} left {found:,} rows on S3 instead of {contestant.rows:,}")
        return measured

    def _remove(self, prefix: str) -> None:
        bucket = boto3.resource(
            "s3",
            endpoint_url=self.s3["endpoint_url"],
            region_name=self.s3["region"],
            aws_access_key_id=self.s3["access_key"],
            aws_secret_access_key=self.s3["secret_key"],
        ).Bucket(self.s3["bucket"])
        bucket.objects.filter(Prefix=prefix).delete()

    def _rows(self, prefix: str) -> int:
        files = s3fs.S3FileSystem(
            key=self.s3["access_key"],
            secret=self.s3["secret_key"],
            endpoint_url=self.s3["endpoint_url"],
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        found = 0
        for path in files.find(f"{self.s3['bucket']}/{prefix}"):
            if path.endswith(".parquet"):
                with files.open(path) as file:
                    found += pq.read_metadata(file).num_rows
        return found


def _product(shop: Shop, rows: int) -> Contestant:
    start, end = shop.window(rows)
    return Contestant(
        name="this product",
        module="local.benchmarks.extractors.product",
        rows=rows,
        prefix="raw/orders/order_items/",
        task={"start": start.isoformat(), "end": end.isoformat()},
    )


def _sql_to_s3(place: Place) -> Contestant:
    prefix = "sql_to_s3/"
    return Contestant(
        name="SqlToS3Operator",
        module="local.benchmarks.extractors.sql_to_s3",
        rows=place.shop.rows,
        prefix=prefix,
        task={"relation": LINES, "bucket": place.s3["bucket"], "prefix": prefix},
    )


def _dlt(place: Place, backend: str, python: str) -> Contestant:
    server = place.stack.endpoints["postgres"]
    address = f"{server['reader']}:{server['reader_password']}@{server['host']}:{server['port']}"
    names = ("bucket", "access_key", "secret_key", "region", "endpoint_url")
    return Contestant(
        name=f"dlt ({backend})",
        module="local.benchmarks.extractors.dlt_pipeline",
        rows=place.shop.rows,
        prefix=f"dlt/shop/{LINES}/",
        task={name: place.s3[name] for name in names}
        | {
            "prefix": "dlt",
            "relation": LINES,
            "backend": backend,
            "database_url": f"postgresql+psycopg2://{address}/{place.shop.database}",
            "pipelines_dir": str(place.folder / "dlt"),
        },
        python=python,
    )


@dataclass(frozen=True)
class Runs:
    """What a contestant's runs measured."""

    contestant: Contestant
    measured: list[Measured] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Rows per second, the median of the runs."""
        return self.contestant.rows / median(run.seconds for run in self.measured)

    @property
    def peak_bytes(self) -> int:
        """Peak memory, the largest of the runs."""
        return max(run.peak_bytes for run in self.measured)

    def details(self) -> dict[str, Any]:
        """Every run, for the file of figures."""
        runs = [{"seconds": run.seconds, "peak_bytes": run.peak_bytes} for run in self.measured]
        return {"name": self.contestant.name, "rows": self.contestant.rows, "rows_per_second": self.rate, "runs": runs}


def _rounds(place: Place, contestants: Sequence[Contestant], rounds: int, say: Callable[[str], None]) -> list[Runs]:
    """The runs of every contestant; each round begins with another one."""
    held = [Runs(contestant) for contestant in contestants]
    for turn in range(rounds):
        for runs in held[turn:] + held[:turn]:
            if any(run.seconds > SLOW_SECONDS for run in runs.measured):
                continue
            measured = place.run(runs.contestant)
            runs.measured.append(measured)
            say(
                f"round {turn + 1} of {rounds}: {runs.contestant.name}, {runs.contestant.rows:,} rows, "
                f"{measured.seconds:.1f} s, {megabytes(measured.peak_bytes)}"
            )
    return held


def _report(product: Runs, part: Runs, operator: Runs, others: Sequence[Runs]) -> list[Row]:
    rows = product.contestant.rows
    figure = f"{product.rate:,.0f} rows/s"
    faster = product.rate / operator.rate
    growth = product.peak_bytes / part.peak_bytes - 1
    what = f"extraction of {rows:,} order items"
    peaks = [f"{runs.contestant.name} {megabytes(runs.peak_bytes)}" for runs in (operator, *others)]
    return [
        Row(what, figure, _speed(product, operator), f"≥ {TIMES_FASTER}×", faster >= TIMES_FASTER, product.details()),
        *(Row(what, figure, _speed(product, other), details=other.details()) for other in others),
        Row(
            f"{what}, peak memory",
            megabytes(product.peak_bytes),
            ", ".join(peaks),
            f"< {megabytes(PEAK_BYTES)}",
            product.peak_bytes < PEAK_BYTES,
            operator.details(),
        ),
        Row(
            f"growth of peak memory, {GROWTH}× the rows",
            f"{growth:+.1%}",
            f"{part.contestant.rows:,} rows: {megabytes(part.peak_bytes)}",
            f"≤ {PEAK_GROWTH:+.0%}",
            growth <= PEAK_GROWTH,
            part.details(),
        ),
    ]


def _speed(product: Runs, other: Runs) -> str:
    return f"{other.contestant.name} {other.rate:,.0f} rows/s: {product.rate / other.rate:.1f}×"


def _with_database(settings: Settings, database: str) -> Settings:
    """The settings with the order database's connection leading to another database of its server."""
    return replace(
        settings,
        connections=[
            replace(connection, schema=database) if connection.conn_id == ORDER_DB else connection
            for connection in settings.connections
        ],
    )
