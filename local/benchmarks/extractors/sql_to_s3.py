"""The Amazon provider's SqlToS3Operator, which reads the whole result into a pandas frame."""

from typing import Any

import pandas  # noqa: F401  imported before the clock runs, as for the others
import pyarrow.parquet  # noqa: F401
from airflow.providers.amazon.aws.transfers.sql_to_s3 import SqlToS3Operator
from airflow.providers.postgres.hooks.postgres import PostgresHook  # noqa: F401

from local.benchmarks.measured import measure


def extract(task: dict[str, Any]) -> None:
    """Extract the relation to `<prefix>order_items.parquet`."""
    operator = SqlToS3Operator(
        task_id="extract",
        query=f"select * from {task['relation']}",
        sql_conn_id="order_db",
        aws_conn_id="lake",
        s3_bucket=task["bucket"],
        s3_key=f"{task['prefix']}order_items.parquet",
        file_format="parquet",
        replace=True,
    )
    operator.execute({})


if __name__ == "__main__":
    measure(extract)
