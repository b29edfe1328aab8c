"""A plain `dbt build` of the whole project, under the profile that the tasks of `build_marts` use."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from include.config import DBT_DIR
from include.transform import PROFILE
from local.benchmarks.measured import measure

WITHOUT = "unit_test exposure"  # as in the tasks


def build(task: dict[str, Any]) -> dict[str, int]:
    """Build and test every model; return how many models were built and tests passed.

    What dbt calls the resource type `without` is left out.

    Raises:
        RuntimeError: something failed, or a model of the project was left out.
    """
    with PROFILE.ensure_profile() as (profile, secrets):
        command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "build"]
        places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(profile.parent)]
        names = ["--profile", PROFILE.profile_name, "--target", PROFILE.target_name]
        left_out = {"DBT_EXCLUDE_RESOURCE_TYPES": f"{WITHOUT} {task['without']}".strip()}
        environment = {**os.environ, **secrets, **left_out}
        ended = subprocess.run([*command, *places, *names], cwd=DBT_DIR, env=environment, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"dbt build ended with {ended.returncode}")
    return _built(Path(task["target"]))


def _built(target: Path) -> dict[str, int]:
    results = json.loads((target / "run_results.json").read_text())["results"]
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    built = Counter(result["unique_id"].partition(".")[0] for result in results)
    models = sum(node["resource_type"] == "model" for node in nodes.values())
    if built["model"] != models:
        raise RuntimeError(f"dbt build built {built['model']} of {models} models")
    return {"models": built["model"], "tests": built["test"]}


if __name__ == "__main__":
    measure(build)
