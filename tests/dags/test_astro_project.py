"""`astro dev pytest` and `astro dev parse` work on what the image and the Astro CLI put into their container."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
COPIED = ("dags", "include", "plugins", "tests", ".astro")
QUICK = "test_file_imports or test_there_are_dags or test_the_dag_ids_are_exactly_these"


def test_the_tests_of_the_dags_run_without_stand_ins_and_documents(manifest: Path, tmp_path: Path) -> None:
    home = tmp_path / "airflow"
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, home / name, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    (home / "include" / "dbt" / "target").mkdir()
    shutil.copy(manifest, home / "include" / "dbt" / "target")
    # The CLI runs `pytest <file>` in the home of Airflow; the image sets PYTHONPATH.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", QUICK]
    ended = subprocess.run(
        [*command, ".astro/test_dag_integrity_default.py", "tests"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home), "AIRFLOW_HOME": str(tmp_path / "home"), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stdout
    files = len(list((REPOSITORY / "dags").glob("*.py")))
    assert f"{files + 2} passed" in ended.stdout
