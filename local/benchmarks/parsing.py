"""Parsing of each DAG file, as the DAG processor does it: a fresh process with Airflow imported, warm bytecode."""

from pathlib import Path
from statistics import median

from local.benchmarks.benchmark import Row, Setting
from local.benchmarks.measured import REPOSITORY, run_measured
from local.dbt_manifest import ensure_manifest

REPETITIONS = 3
TARGET_SECONDS = 2.0


def run(setting: Setting) -> list[Row]:
    """Seconds to parse each file of dags/.

    Raises:
        BenchmarkError: a file cannot be imported.
    """
    ensure_manifest(setting.say)
    folder = setting.folder("parsing")
    _parse(folder, REPOSITORY / "dags")  # makes the bytecode
    return [_row(setting, folder, file) for file in sorted((REPOSITORY / "dags").glob("*.py"))]


def _row(setting: Setting, folder: Path, file: Path) -> Row:
    runs = [_parse(folder, file) for _ in range(REPETITIONS)]
    seconds = median(runs)
    setting.say(f"{file.name}: {seconds:.2f} s")
    return Row(
        what=f"parsing of dags/{file.name}",
        figure=f"{seconds:.2f} s",
        target=f"< {TARGET_SECONDS:.0f} s",
        reached=seconds < TARGET_SECONDS,
        details={"seconds": runs},
    )


def _parse(folder: Path, path: Path) -> float:
    environment = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__CACHE_DIR": str(folder / "cosmos"),
    }
    return run_measured("local.benchmarks.parse_dags", {"path": str(path)}, folder, environment).seconds
