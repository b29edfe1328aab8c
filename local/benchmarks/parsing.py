"""Parsing of each DAG file, as the DAG processor does it: a fresh process with Airflow imported, warm bytecode."""

from functools import cache
from pathlib import Path
from statistics import median

from local.benchmarks.benchmark import Row, Setting
from local.benchmarks.measured import REPOSITORY, run_measured
from local.dbt_manifest import ensure_manifest

DAGS = REPOSITORY / "dags"
REPETITIONS = 3
TARGET_SECONDS = 2.0


def run(setting: Setting) -> list[Row]:
    """Seconds to parse each file of dags/; at the tiny size of the largest DAG's alone, after all are tried together.

    Raises:
        BenchmarkError: a file cannot be imported.
    """
    ensure_manifest(setting.say)
    folder = setting.folder("parsing")
    import_all(folder)  # makes the bytecode
    files = sorted(DAGS.glob(setting.size("*.py", "build_marts.py")))
    repetitions = setting.size(REPETITIONS, 1)
    return [_row(setting, [parse(folder, file) for _ in range(repetitions)], file) for file in files]


def _row(setting: Setting, runs: list[float], file: Path) -> Row:
    seconds = median(runs)
    setting.say(f"{file.name}: {seconds:.2f} s")
    return Row(
        what=f"parsing of dags/{file.name}",
        figure=f"{seconds:.2f} s",
        target=f"< {TARGET_SECONDS:.0f} s",
        reached=seconds < TARGET_SECONDS,
        details={"seconds": runs},
    )


@cache
def import_all(folder: Path) -> None:
    """Import every DAG file, once.

    Raises:
        BenchmarkError: one cannot be imported.
    """
    parse(folder, DAGS)


def parse(folder: Path, path: Path) -> float:
    """Seconds to parse a file, or all files of a folder, in a process of its own.

    Raises:
        BenchmarkError: a file cannot be imported.
    """
    environment = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__CACHE_DIR": str(folder / "cosmos"),
    }
    return run_measured("local.benchmarks.parse_dags", {"path": str(path)}, folder, environment).seconds
