"""A local warehouse for benchmarks of the dbt project: rows are made in SQL, dbt runs beside it, no Airflow."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from include.bootstrap import bootstrap
from include.config import DBT_DIR
from include.warehouse import Warehouse
from local.airflow_settings import read_settings
from local.benchmarks.benchmark import BenchmarkError, Setting
from local.benchmarks.generated_rows import filled
from local.benchmarks.measured import run_measured
from local.benchmarks.stacks import ANY_DATASET, benchmark_stack, state_of
from local.product import Dataset, client_environment
from local.snowflake.account import connect
from local.stack import Stack

MADE_ANEW = ("RAW", "INTERMEDIATE", "MARTS")  # whose tables are those of a batch, or dbt's


@dataclass(frozen=True)
class Build:
    """What a dbt command took: its own count of seconds, without start and parse, and those of each node."""

    seconds: float
    nodes: dict[str, float]


@dataclass(frozen=True)
class GeneratedWarehouse:
    """A stack's warehouse with the pipeline's empty tables."""

    stack: Stack
    state: Path
    folder: Path
    dbt_folder: Path
    warehouse: Warehouse

    @property
    def dataset(self) -> Dataset:
        """What the stack's sources serve."""
        return Dataset.read(self.stack.dataset_dir)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        return self.warehouse.execute(statement).fetchall()

    def insert(self, table: str, values: Mapping[str, str], rows: str = "") -> None:
        """Insert one row, or as many as the from clause `rows` has, of an SQL expression a column.

        Raises:
            BenchmarkError: the table has no such column, or one that needs a value and is given none.
        """
        self.execute(filled(self.warehouse, table, values, rows))

    def dbt(self, *arguments: str) -> Build:
        """Run dbt on it, in this process, on a parse that all commands share.

        Raises:
            BenchmarkError: a node failed; the message holds what dbt says of each.
        """
        with _set(self._dbt_environment()):
            ended = _invoke(_manifest(self.dbt_folder), self.dbt_folder, *arguments)
        held = ended.result.results
        failed = [f"{each.node.name}: {each.message}" for each in held if each.status in ("error", "fail", "skipped")]
        if failed or not ended.success:
            raise BenchmarkError("\n".join([f"dbt {' '.join(arguments)} failed:", *failed]))
        return Build(ended.result.elapsed_time, {each.node.name: each.execution_time for each in held})

    def server_peak(self) -> int:
        """The largest resident memory that the warehouse's process has had, in bytes."""
        status = Path(f"/proc/{self.stack.services['snowflake'].pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def client_environment(self) -> dict[str, str]:
        """Variables under which the product's code works on it in another process, without an Airflow beside it."""
        return {
            **read_settings().for_stack(self.stack).environment(),
            **client_environment(self.stack, self.dataset, self.state),
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "GX_ANALYTICS_ENABLED": "false",
        }

    def _dbt_environment(self) -> dict[str, str]:
        endpoint = self.stack.endpoints["snowflake"]
        return self.stack.environment() | {
            "SNOWFLAKE_ACCOUNT": endpoint["account"],
            "SNOWFLAKE_USER": endpoint["user"],
            "SNOWFLAKE_PRIVATE_KEY_PATH": endpoint["private_key_file"],
            "SNOWFLAKE_HOST": endpoint["host"],
            "SNOWFLAKE_PORT": str(endpoint["port"]),
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test exposure",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }


@contextmanager
def generated_warehouse(setting: Setting, benchmark: str, dataset: str = ANY_DATASET) -> Iterator[GeneratedWarehouse]:
    """The empty warehouse of the stack that a benchmark runs on."""
    with _warehouse(setting, benchmark, dataset) as shop:
        _prepare(shop)
        yield shop


@contextmanager
def built_warehouse(setting: Setting, benchmark: str, dataset: str) -> Iterator[GeneratedWarehouse]:
    """A warehouse with all of a data set loaded and its marts built; tiny benchmarks take the marts that are there."""
    with _warehouse(setting, benchmark, dataset) as shop:
        if not _is_built(shop):
            _prepare(shop)
            setting.say(f"loading and building {shop.dataset.title}")
            task = {"state": str(shop.state), "folder": str(shop.folder)}
            run_measured("local.benchmarks.api_shop", task, shop.folder, shop.client_environment())
        yield shop


@contextmanager
def _warehouse(setting: Setting, benchmark: str, dataset: str) -> Iterator[GeneratedWarehouse]:
    places = state_of(setting, benchmark), setting.folder(benchmark), setting.directory / "dbt"
    with benchmark_stack(setting, benchmark, dataset) as stack:
        endpoint = stack.endpoints["snowflake"]
        with connect(endpoint, stack.ca_file, database=endpoint["database"]) as connection:
            yield GeneratedWarehouse(stack, *places, Warehouse(connection))


def _is_built(shop: GeneratedWarehouse) -> bool:
    tables = shop.execute(
        "select table_name from information_schema.tables where table_schema = 'AUDIT' and table_name = 'BUILDS'"
    )
    return bool(tables) and shop.execute("select count(*) from audit.builds") != [(0,)]


def _prepare(shop: GeneratedWarehouse) -> None:
    """Make the pipeline's tables, or where they are already take out all that another benchmark has left."""
    tables = shop.execute(
        "select table_schema, table_catalog || '.' || table_schema || '.' || table_name from information_schema.tables "
        "where table_type = 'BASE TABLE' and table_schema != 'INFORMATION_SCHEMA' and table_name not like 'TURN%'"
    )
    if not tables:
        bootstrap(shop.warehouse)
        return
    kept = [name for schema, name in tables if schema not in MADE_ANEW]
    for name in {name for _, name in tables} - set(kept):
        shop.execute(f"drop table {name}")
    filled = " union all ".join(f"select '{name}' where exists (select 1 from {name})" for name in kept)
    for (name,) in shop.execute(filled):
        shop.execute(f"truncate table {name}")


@cache
def _manifest(folder: Path) -> Any:
    return _invoke(None, folder, "parse").result


def _invoke(manifest: Any, folder: Path, *arguments: str) -> Any:
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(folder / "target")]
    quiet = ["--quiet", "--no-use-colors", "--no-write-json", "--log-path", str(folder / "logs")]
    ended = dbtRunner(manifest=manifest).invoke([*quiet, *arguments, *places])
    if isinstance(ended.exception, KeyboardInterrupt):
        raise ended.exception
    if ended.result is None:
        raise BenchmarkError(f"dbt {' '.join(arguments)} failed: {ended.exception}")
    return ended


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    """Have variables in this process's environment meanwhile."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
