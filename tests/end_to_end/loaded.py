"""A data set loaded by the real DAGs in a real Airflow, and questions to the warehouse that came of it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from local.demo import load
from local.product import Dataset, Product, running_product
from local.progress import Display, Phases
from local.snowflake.account import connect
from local.stack import Stack

TIMEOUT_SECONDS = 30 * 60
ANY_FREE_PORTS = {"LOCAL_PORT_BASE": "0", "AIRFLOW_PORT": "0"}
SETTINGS = ANY_FREE_PORTS | {"RETRY_SECONDS": "3"}  # while a task waits for its next try nothing is learnt


def rows(stack: Stack, statement: str) -> list[Any]:
    """What the warehouse answers: the stack's, or the one that AIRFLOW_CONN_WAREHOUSE names, as for the tasks."""
    if "AIRFLOW_CONN_WAREHOUSE" in os.environ:
        from include.warehouse import open_warehouse

        with open_warehouse("conformance") as warehouse:
            return warehouse.execute(statement).fetchall()
    endpoint = stack.endpoints["snowflake"]
    with connect(endpoint, stack.ca_file, database=endpoint["database"]) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall()


@dataclass(frozen=True)
class Loaded:
    """A running product whose data set is loaded and built."""

    product: Product

    @property
    def dataset(self) -> Dataset:
        return self.product.dataset

    @property
    def files(self) -> Path:
        """Directory of the data set's Parquet files."""
        return self.product.stack.dataset_dir

    def rows(self, statement: str) -> list[Any]:
        return rows(self.product.stack, statement)

    def row(self, statement: str) -> tuple[Any, ...]:
        [only] = self.rows(statement)
        return only

    def load(self) -> None:
        """Load and build as the demo does; what is loaded already stays."""
        console = Console(soft_wrap=True)
        phases = Phases(console)
        load(self.product, phases, Display(console, phases), time.monotonic() + TIMEOUT_SECONDS)


@contextmanager
def loaded(spec: str, state: Path) -> Iterator[Loaded]:
    """Start everything on free ports with `state` as its directory, load the data set, stop everything at the end."""
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    try:
        with running_product(spec, print, state=state) as product:
            held = Loaded(product)
            held.load()
            yield held
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
