"""Virtual environments of the tools that the product is compared with; they may clash with its own pins."""

import os
import subprocess
import sys
from pathlib import Path

from local.benchmarks.benchmark import BenchmarkError, Setting
from local.benchmarks.measured import REPOSITORY

NOT_INSTALLED = "it is installed into an environment of its own, which takes minutes; the full size does that"


def python_with(requirements: Path, setting: Setting) -> str | None:
    """The Python of an environment that holds pinned requirements; it is made or brought up to date first.

    None where nothing is to be installed.

    Raises:
        BenchmarkError: the packages cannot be installed; the message holds what the installer said.
    """
    if not setting.installs:
        return None
    folder = setting.environments
    name = requirements.name.removesuffix("-requirements.txt")
    python, installed = folder / f"{name}-venv" / "bin" / "python", folder / f"{name}-venv" / "installed.txt"
    wanted = requirements.read_text()
    if installed.exists() and installed.read_text() == wanted:
        return str(python)
    setting.say(f"installing {name} into a virtual environment of its own")
    command = [str(REPOSITORY / "local" / "venv.sh"), f"{name}-venv", str(requirements)]
    environment = {**os.environ, "PYTHON": sys.executable}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchmarkError(f"{name} could not be installed:\n{ended.stdout}{ended.stderr}")
    installed.write_text(wanted)
    return str(python)
