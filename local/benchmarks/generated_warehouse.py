"""A local warehouse for benchmarks of the dbt project: rows are made in SQL, dbt runs beside it, no Airflow."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.bootstrap import bootstrap
from include.config import DBT_DIR
from include.warehouse import Warehouse
from local.benchmarks.benchmark import BenchmarkError
from local.snowflake.account import connect
from local.stack import Stack, start_stack, stop_stack

ANY_DATASET = "simulated:customers=60,days=14"  # a stack serves one; its rows need not be loaded
ERROR_LINES = 30


@dataclass(frozen=True)
class Build:
    """What a dbt command took: its own count of seconds, without start and parse, and those of each node."""

    seconds: float
    nodes: dict[str, float]


@dataclass(frozen=True)
class GeneratedWarehouse:
    """A stack's warehouse with the pipeline's empty tables."""

    stack: Stack
    folder: Path
    warehouse: Warehouse

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        return self.warehouse.execute(statement).fetchall()

    def dbt(self, *arguments: str) -> Build:
        """Run dbt on it.

        Raises:
            BenchmarkError: a node failed; the message holds the end of dbt's output.
        """
        target = self.folder / "target"
        places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(target)]
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "--no-use-colors", *arguments, *places],
            env=os.environ | self._environment(),
            cwd=DBT_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            end = "\n".join(ended.stdout.splitlines()[-ERROR_LINES:])
            raise BenchmarkError(f"dbt {' '.join(arguments)} ended with {ended.returncode}:\n{end}")
        results = json.loads((target / "run_results.json").read_text())
        nodes = {result["unique_id"].split(".")[2]: result["execution_time"] for result in results["results"]}
        return Build(results["elapsed_time"], nodes)

    def server_peak(self) -> int:
        """The largest resident memory that the warehouse's process has had, in bytes."""
        pid = json.loads((self.folder / "state" / "stack.json").read_text())["services"]["snowflake"]["pid"]
        [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def _environment(self) -> dict[str, str]:
        endpoint = self.stack.endpoints["snowflake"]
        return self.stack.environment() | {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_USER": endpoint["user"],
            "SNOWFLAKE_PRIVATE_KEY_PATH": endpoint["private_key_file"],
            "SNOWFLAKE_HOST": endpoint["host"],
            "SNOWFLAKE_PORT": str(endpoint["port"]),
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test exposure",
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }


@contextmanager
def generated_warehouse(folder: Path, dataset: str = ANY_DATASET) -> Iterator[GeneratedWarehouse]:
    """An empty warehouse in `folder`, stopped and removed at the end."""
    state = folder / "state"
    stop_stack(state, wipe=True)
    try:
        stack = start_stack(dataset, state)
        endpoint = stack.endpoints["snowflake"]
        with connect(endpoint, stack.ca_file, database=endpoint["database"]) as connection:
            warehouse = Warehouse(connection)
            bootstrap(warehouse)
            yield GeneratedWarehouse(stack, folder, warehouse)
    finally:
        stop_stack(state, wipe=True)
