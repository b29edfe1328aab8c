"""This product: the code of the extract task."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi  # noqa: F401  imported before the clock runs, as Airflow's workers do
import pyarrow.parquet  # noqa: F401
from airflow.sdk import BaseHook  # noqa: F401

from include import batches
from include.sources import orders  # noqa: F401
from include.window import Window
from local.benchmarks.measured import measure


def extract(task: dict[str, Any]) -> int:
    """Extract order items whose `updated_at` lies in [start, end) to the lake; return the manifest's row count."""
    start, end = (datetime.fromisoformat(task[name]) for name in ("start", "end"))
    return batches.extract("order_items", Window(start, end, ZoneInfo("UTC")), "order_items__benchmark").rows


if __name__ == "__main__":
    measure(extract)
