"""The guides of docs/, tried: their files written into a copy of the project, and its tests run there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests import built

PROJECT = Path(__file__).parents[2]
_FILE = re.compile(r"^`(?P<path>[\w./-]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INSERTION = re.compile(
    r"^`(?P<path>[\w./-]+)`, below the line with `(?P<anchor>[^`]+)`\n\n```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FOLDERS = ("dags", "docs", "include", "local", "plugins", "tests")
_FILES = ("pyproject.toml", "airflow_settings.yaml", "README.md", "requirements.txt", "Makefile")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "target", "logs", "images", "node_modules")


def files(guide: str) -> dict[str, str]:
    """The files that a guide has its reader write: those whose path stands alone in the line above a block."""
    return {found["path"]: found["text"] for found in _FILE.finditer((PROJECT / "docs" / guide).read_text())}


def insert(guide: str, project: Path) -> int:
    """Put into a project's files what a guide has its reader put below a line; returns how often it does."""
    found = list(_INSERTION.finditer((PROJECT / "docs" / guide).read_text()))
    for each in found:
        file = project / each["path"]
        above, below = [], file.read_text().splitlines(keepends=True)
        while not above or each["anchor"] not in above[-1]:
            assert below, f"{each['path']} has no line with {each['anchor']}"
            above.append(below.pop(0))
        file.write_text("".join([*above, each["text"], *below]))
    return len(found)


def lines(written: dict[str, str]) -> int:
    """Lines that are not empty."""
    return sum(bool(line.strip()) for text in written.values() for line in text.splitlines())


def copy(folder: Path, written: dict[str, str]) -> Path:
    """A copy of the project with these files, which must be new."""
    for name in _FOLDERS:
        shutil.copytree(PROJECT / name, folder / name, ignore=_LEFT_OUT)
    for name in _FILES:
        shutil.copy(PROJECT / name, folder / name)
    for path, text in written.items():
        assert not (folder / path).exists(), f"{path} exists already"
        (folder / path).write_text(text)
    return folder


def run(project: Path, *command: str, **variables: str) -> str:
    """What a Python command (`-m pytest ...`) prints in a project; raises AssertionError when it fails."""
    # The connections of this session's stack are not that one's business.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "LOCAL_", "PYTEST_"))}
    environment = kept | variables | {"AIRFLOW_HOME": str(project / "airflow"), "PYTHONPATH": str(project)}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    return ended.stdout


def run_tests(project: Path, *tests: str, stacks: Path | None = None) -> int:
    """Run tests of a project; the number that passed. Raises AssertionError when one fails or is skipped.

    Its tests take copies of the `stacks` that this project's have filled.
    """
    variables = {built.VARIABLE: str(stacks)} if stacks else {}
    said = run(
        project, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={project / 'pytest'}", *tests, **variables
    )
    summary = said.splitlines()[-1]
    assert "skipped" not in summary, summary
    found = re.search(r"(\d+) passed", summary)
    assert found, summary
    return int(found[1])
