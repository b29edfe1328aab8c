"""Parse DAG files in this process."""

from typing import Any

from airflow.dag_processing.dagbag import DagBag

from local.benchmarks.measured import measure


def parse(task: dict[str, Any]) -> None:
    """Parse a DAG file, or every file of a folder.

    Raises:
        ImportError: a file cannot be imported, or defines no DAG.
    """
    bag = DagBag(task["path"])
    if bag.import_errors or not bag.dags:
        raise ImportError("\n".join(bag.import_errors.values()) or f"{task['path']} defines no DAG")


if __name__ == "__main__":
    measure(parse)
