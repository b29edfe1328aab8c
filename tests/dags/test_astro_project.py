"""`astro dev pytest` and `astro dev parse` work on what the image and the Astro CLI put into their container."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
COPIED = ("dags", "include", "plugins", "tests", ".astro")
PARSE_TEST = ".astro/test_dag_integrity_default.py"
QUICK = "test_file_imports or test_there_are_dags or test_the_dag_ids_are_exactly_these"


@pytest.fixture
def home(manifest: Path, tmp_path: Path) -> Path:
    """Airflow's home in the container: neither the stand-ins nor the documents are there."""
    home = tmp_path / "airflow"
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, home / name, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    (home / "include" / "dbt" / "target").mkdir()
    shutil.copy(manifest, home / "include" / "dbt" / "target")
    return home


def pytest_in(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as the CLI does: in Airflow's home, with the PYTHONPATH of the image."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home), "AIRFLOW_HOME": str(home.parent / "home"), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_the_tests_of_the_dags_run_without_stand_ins_and_documents(home: Path) -> None:
    ended = pytest_in(home, "-k", QUICK, PARSE_TEST, "tests")
    assert ended.returncode == 0, ended.stdout
    files = list((REPOSITORY / "dags").glob("*.py"))
    assert f"{len(files) + 2} passed" in ended.stdout


def test_a_file_that_does_not_import_or_makes_no_dag_is_named(home: Path) -> None:
    (home / "dags" / "broken.py").write_text("from airflow.sdk import dag, no_such_name\n")
    (home / "dags" / "empty.py").write_text("import airflow\n")
    ended = pytest_in(home, "-k", "broken or empty", PARSE_TEST)
    assert "2 failed" in ended.stdout
    assert "no_such_name" in ended.stdout and "empty.py makes no DAG" in ended.stdout
