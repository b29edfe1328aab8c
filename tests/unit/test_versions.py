"""A log says what ran: as it is installed, and as it is pinned."""

import re
import subprocess
import sys
from pathlib import Path

from local.stack import REPOSITORY
from local.versions import PACKAGES, versions


def test_the_line_names_what_is_pinned() -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", _requirements(), re.MULTILINE))
    for name, package in PACKAGES.items():
        assert f"{name} {pins[package]}" in versions()


def test_a_package_that_is_missing_does_not_hide_the_others(monkeypatch) -> None:
    monkeypatch.setitem(PACKAGES, "Astro", "no-such-package")
    assert "Astro (missing)" in versions() and "Airflow 3" in versions()


def test_it_is_a_command() -> None:
    said = subprocess.run([sys.executable, "-m", "local.versions"], cwd=REPOSITORY, capture_output=True, text=True)
    assert said.stdout.startswith(f"Python {sys.version_info.major}.{sys.version_info.minor}.")


def _requirements() -> str:
    return "".join(Path(REPOSITORY / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
