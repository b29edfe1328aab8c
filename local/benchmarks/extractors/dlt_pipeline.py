"""dlt: its SQL source with the backend named in the task, its filesystem destination on S3, Parquet.

Runs under the Python of dlt's own virtual environment, where nothing of this product is installed.
"""

from typing import Any

import dlt
from dlt.destinations import filesystem
from dlt.sources.sql_database import sql_table

from local.benchmarks.measured import measure


def extract(task: dict[str, Any]) -> None:
    """Extract the relation to Parquet files under the prefix."""
    destination = filesystem(
        bucket_url=f"s3://{task['bucket']}/{task['prefix']}",
        credentials={
            "aws_access_key_id": task["access_key"],
            "aws_secret_access_key": task["secret_key"],
            "region_name": task["region"],
            "endpoint_url": task["endpoint_url"],
        },
    )
    pipeline = dlt.pipeline("extraction", task["pipelines_dir"], destination=destination, dataset_name="shop")
    rows = sql_table(task["database_url"], task["relation"], backend=task["backend"])
    pipeline.run(rows, loader_file_format="parquet", write_disposition="replace").raise_on_failed_jobs()


if __name__ == "__main__":
    measure(extract)
