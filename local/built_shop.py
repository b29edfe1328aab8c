"""A data set loaded and built without Airflow: the pipeline's own steps, one batch a table, then dbt.

Connections must stand in the environment. For tests and benchmarks of what reads the marts.
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from include import batches, publish
from include.bootstrap import bootstrap
from include.building import record
from include.config import DBT_DIR
from include.contracts import contract
from include.landing import land
from include.warehouse import Warehouse, open_warehouse
from include.window import Window, midnight
from local.product import Dataset
from local.stack import Stack

TABLES = ("orders", "order_items", "refunds", "products", "customers", "web_events")
RUN = publish.Run("ingest_shop", "manual__shop", "local")
MODELS = ("build", "--resource-type", "seed", "--resource-type", "model")
FITTED = ("customer_lifetime_value+", "churn_risk", "experiment_results+")
REJECTED_EVERY = 50
"""Every so many rows one goes to quarantine, whatever it holds: readers of quarantine need something to read."""


class BuildError(Exception):
    """dbt could not build. The message holds the end of its output."""


def build_shop(stack: Stack, folder: Path, project: Path = DBT_DIR) -> Dataset:
    """Load all days of the stack's data set, build the marts of a dbt project, fit and evaluate, record the build."""
    dataset = Dataset.read(stack.dataset_dir)
    days = Window(
        midnight(dataset.first_day, dataset.timezone),
        midnight(dataset.last_day + timedelta(days=1), dataset.timezone),
        dataset.timezone,
    )
    with open_warehouse("built shop") as warehouse:
        bootstrap(warehouse)
        for table in TABLES:
            _load(warehouse, table, days)
        dbt(stack, folder, *MODELS, project=project)
        _fit(warehouse)
        dbt(stack, folder, *MODELS, "--select", *FITTED, project=project)
        record(warehouse, "built shop", None)
    return dataset


def dbt(stack: Stack, folder: Path, *arguments: str, project: Path = DBT_DIR, shown: bool = False) -> None:
    """Run dbt on the stack; what it writes goes to `folder`/target and, when `shown`, its output to the terminal.

    Raises:
        BuildError: a node failed. The message ends with dbt's output, unless that was shown.
    """
    logs = {"DBT_LOG_PATH": str(folder / "logs"), "DBT_LOG_LEVEL_FILE": "debug" if shown else "none"}
    environment = {**os.environ, **stack.environment(), **dbt_environment(stack), **logs}
    places = ["--project-dir", str(project), "--profiles-dir", str(DBT_DIR), "--target-path", str(folder / "target")]
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "--no-use-colors", *arguments, *places],
        env=environment,
        cwd=project,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BuildError(f"dbt {' '.join(arguments)} ended with {ended.returncode}:\n{(ended.stdout or '')[-3000:]}")


def dbt_environment(stack: Stack) -> dict[str, str]:
    """Variables with which dbt's profile leads to a stack."""
    endpoint = stack.endpoints["snowflake"]
    return {
        "SNOWFLAKE_ACCOUNT": endpoint["account"],
        "SNOWFLAKE_USER": endpoint["user"],
        "SNOWFLAKE_PRIVATE_KEY_PATH": endpoint["private_key_file"],
        "SNOWFLAKE_HOST": endpoint["host"],
        "SNOWFLAKE_PORT": str(endpoint["port"]),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def _load(warehouse: Warehouse, table: str, days: Window) -> None:
    batch = land(warehouse, batches.extract(table, days, f"{table}__shop"), contract(table))
    rejects = batch.contract.landing(batch.id, "__rejects")
    warehouse.run("publish/create_rejects.sql", rejects=rejects)
    warehouse.execute(
        f"insert into {rejects} select _row_number, 'set_aside' from {batch.table} "
        f"where mod(_row_number, {REJECTED_EVERY}) = 0"
    )
    publish.publish(warehouse, batch, RUN)


def _fit(warehouse: Warehouse) -> None:
    from include.refreshing import refresh_customer_value, refresh_experiments

    refresh_customer_value(warehouse, RUN.run_id)
    refresh_experiments(warehouse)
