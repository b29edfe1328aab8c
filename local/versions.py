"""What runs here: the versions of Python and of the packages that most depends on, so that a log says it.

python -m local.versions
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {
    "Airflow": "apache-airflow",
    "Cosmos": "astronomer-cosmos",
    "dbt": "dbt-core",
    "dbt-snowflake": "dbt-snowflake",
    "Great Expectations": "great-expectations",
    "Snowflake connector": "snowflake-connector-python",
    "pyarrow": "pyarrow",
    "fakesnow": "fakesnow",
    "DuckDB": "duckdb",
    "pytest": "pytest",
}


def versions() -> str:
    """One line: `Python 3.12.3, Airflow 3.3.2, …, on 2 cores`."""
    named = [f"{name} {_version(package)}" for name, package in PACKAGES.items()]
    return ", ".join([f"Python {platform.python_version()}", *named]) + f", on {os.cpu_count()} cores"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(missing)"


if __name__ == "__main__":
    print(versions())
