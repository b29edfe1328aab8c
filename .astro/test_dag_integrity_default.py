"""Every DAG file imports, and its DAGs can be serialised: what `astro dev parse` runs, and `astro deploy` first.

Connections, variables and settings are not there while DAGs are parsed: a file that needs one of them fails here.
"""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

PROJECT = Path(__file__).parents[1]
EXCEPTIONS = {line.strip() for line in (PROJECT / ".astro" / "dag_integrity_exceptions.txt").read_text().splitlines()}
FILES = sorted(path for path in (PROJECT / "dags").rglob("*.py") if str(path.relative_to(PROJECT)) not in EXCEPTIONS)


def test_there_are_dags() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_file_imports(file: Path) -> None:
    bag = DagBag(file)
    assert bag.import_errors == {}
    assert bag.dags, f"{file.name} makes no DAG"
    for dag in bag.dags.values():
        DagSerialization.to_dict(dag)
