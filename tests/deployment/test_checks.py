"""Each static check finds the mistake it is for, and names it.

Run by the environment of the checks: make test-checks.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.checks.__main__ import CHECKS
from local.checks.tools import files

REPOSITORY = Path(__file__).parents[2]

Mistake = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Mistake:
    """A mistake: in a file, the first `old` reads `new`."""

    def plant(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text, f"{name} no longer holds what this test changes"
        (root / name).write_text(text.replace(old, new, 1))

    return plant


def appended(name: str, text: str) -> Mistake:
    """A mistake: a file, which may be new, ends with a text."""

    def plant(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    return plant


CI, DEPLOY = ".github/workflows/ci.yml", ".github/workflows/deploy.yml"
MISTAKES: dict[str, tuple[str, Mistake, str]] = {
    "an apt-get without -y": ("images", appended("Dockerfile", "RUN apt-get install curl\n"), "Dockerfile:.*DL3014"),
    "a base that moves": ("images", replaced("local/Dockerfile", "python:3.12.12-slim-bookworm", "python"), "DL3006"),
    "a runtime that moves": (
        "images",
        lambda root: (root / "Dockerfile").write_text((root / "Dockerfile").read_text().replace(":3.3-8-", ":3.3-")),
        "no pinned",
    ),
    "a runtime of another Airflow": (
        "images",
        lambda root: (root / "Dockerfile").write_text((root / "Dockerfile").read_text().replace(":3.3-8-", ":3.2-8-")),
        "carries Airflow 3.2",
    ),
    "stages of two runtimes": ("images", replaced("Dockerfile", ":3.3-8-", ":3.3-7-"), "come from one runtime"),
    "an image without the manifest": (
        "images",
        replaced("Dockerfile", "RUN python -m include.parse_project --mock", ""),
        "no dbt manifest",
    ),
    "a context without the DAGs": (
        "images",
        replaced(".dockerignore", "!dags\n", ""),
        ".dockerignore: dags is not sent",
    ),
    "a context that sends all": ("images", replaced(".dockerignore", "*\n", ""), "nothing is sent that is not named"),
    "an unquoted variable": ("scripts", appended("local/venv.sh", "rm -r $directory/x\n"), "venv.sh:.*SC2086"),
    "an unknown key": ("workflows", replaced(CI, "timeout-minutes", "timeout-minuts"), "timeout-minuts"),
    "an unknown runner": ("workflows", replaced(CI, "ubuntu-24.04", "ubuntu-2404"), "ci.yml:.*runner-label"),
    "an unknown context": ("workflows", replaced(CI, "github.base_ref", "githup.base_ref"), "ci.yml:.*githup"),
    "a script of a pull request's words": (
        "workflows",
        replaced(CI, "- run: make check", "- run: echo ${{ github.event.pull_request.title }}"),
        "template-injection|untrusted",
    ),
    "a bug in a step's script": ("workflows", replaced(DEPLOY, "- run: make images", "- run: cd $HOME/x y"), "SC2086"),
    "an action by its tag": (
        "workflows",
        replaced(CI, "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
        "not pinned by the hash",
    ),
    "a hash without its version": ("workflows", replaced(CI, " # v7.0.1", ""), "not pinned by the hash"),
    "permissions for all jobs": (
        "workflows",
        replaced(CI, "permissions: {}", "permissions: write-all"),
        "must stand at the top",
    ),
    "a job without permissions": (
        "workflows",
        replaced(CI, "    permissions:\n      contents: read\n", ""),
        "job check does not say which permissions",
    ),
    "a job that never ends": ("workflows", replaced(CI, "    timeout-minutes: 30\n", ""), "job check has no timeout"),
    "a fork's code with secrets": (
        "workflows",
        replaced(CI, "  pull_request:", "  pull_request_target:"),
        "pull_request_target",
    ),
    "a secret where a pull request runs": (
        "workflows",
        replaced(CI, "BASE: ${{ github.base_ref }}", "BASE: ${{ secrets.ASTRO_API_TOKEN }}"),
        "job slim-build reads a secret",
    ),
    "credentials that stay behind": (
        "workflows",
        replaced(CI, "          persist-credentials: false\n", "          fetch-depth: 1\n"),
        "artipacked",
    ),
    "no interval": ("configuration", replaced(".github/dependabot.yml", "{interval: monthly}", "{}"), "interval"),
    "a hook without an entry": (
        "configuration",
        replaced(".pre-commit-config.yaml", "        entry: .venv/bin/python -m mypy\n", ""),
        "entry",
    ),
    "a hook that fetches": (
        "configuration",
        replaced(".pre-commit-config.yaml", ".venv/bin/python -m mypy", "mypy"),
        "hook mypy must be a local one",
    ),
    "an unknown key of a service": (
        "compose",
        replaced("docker-compose.override.yml", "    restart:", "    restarts:"),
        "restarts",
    ),
    "a service in no network": (
        "compose",
        replaced("docker-compose.override.yml", "    networks: [airflow]\n", ""),
        "service local-stack: it is not in the network",
    ),
    "an undeclared volume": (
        "compose",
        replaced("docker-compose.override.yml", "volumes:\n  local_stack:\n", ""),
        "volume local_stack is not declared",
    ),
    "a port for everybody": (
        "compose",
        replaced("docker-compose.override.yml", "127.0.0.1:5000:5000", "5000:5000"),
        "open to others",
    ),
    "a service the CLI would have to build": (
        "compose",
        replaced("docker-compose.override.yml", "    pull_policy: never\n", "    build: .\n"),
        "does not build them",
    ),
    "a scheduler without the stack": (
        "compose",
        replaced("docker-compose.override.yml", "  scheduler: *airflow\n", ""),
        "service scheduler does not get",
    ),
    "a link to no file": (
        "links",
        appended("docs/api.md", "\n[gone](gone.md)\n"),
        r"docs/api.md:\d+: gone.md does not exist",
    ),
    "a link to no heading": ("links", appended("README.md", "\n[gone](docs/api.md#gone)\n"), "has no such heading"),
    "a link out of the repository": ("links", appended("README.md", "\n[out](../../etc)\n"), "does not exist"),
    "a key of AWS": ("secrets", appended("include/config.py", "KEY = 'AKIA" + "Q3EGRB5OZJ7VKHTN'\n"), "AWS Access Key"),
    "a password": (
        "secrets",
        appended("airflow_settings.yaml", "      conn_password: hunter2-" + "of-production\n"),
        "Secret Keyword",
    ),
    "a private key": ("secrets", appended("docs/key.md", "-----BEGIN " + "PRIVATE KEY-----\n"), "Private Key"),
}


# What a check need not read for its mistakes to be found: all of it is read by `make static-checks`.
UNREAD = {"secrets": ("tests", "dbt", "sql", "plugins", "local")}


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the repository, without a clone around them."""
    root = tmp_path_factory.mktemp("clean")
    for name in files(REPOSITORY):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    return root


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_and_named(clean: Path, mistake: str, tmp_path: Path) -> None:
    check, plant, named = MISTAKES[mistake]
    root = tmp_path / "planted"
    shutil.copytree(clean, root, ignore=shutil.ignore_patterns(*UNREAD.get(check, ())))
    plant(root)
    found = CHECKS[check](root)
    assert found
    assert re.search(named, "\n".join(found)), "\n".join(found)


def test_every_check_has_mistakes() -> None:
    assert {check for check, *_ in MISTAKES.values()} == set(CHECKS)


def test_what_a_check_finds_ends_the_command_with_an_error(clean: Path, tmp_path: Path) -> None:
    root = tmp_path / "planted"
    shutil.copytree(clean, root)
    appended("README.md", "\n[gone](gone.md)\n")(root)
    command = [sys.executable, "-m", "local.checks", "--root", str(root), "links", "scripts"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert (
        "links: 1 problems" in ended.stdout
        and "gone.md does not exist" in ended.stdout
        and "scripts: ok" in ended.stdout
    )


def test_make_check_runs_every_part_and_names_those_that_fail() -> None:
    ended = make_check(RUN="false")
    assert ended.returncode != 0
    [named] = re.findall(r"^error: make check failed in: (.*)$", ended.stderr, re.M)
    assert sorted(named.split()) == ["lint-code", "lint-types", "parse-dags"]
    assert "== parse-dags: failed" in ended.stdout
    assert make_check(RUN="true").returncode == 0


def make_check(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run three of its parts, with a command in the place of the environment's Python."""
    given = {"PARTS": "lint-code lint-types parse-dags", "READY": "Makefile", **variables}
    # Not as a part of the make that may run this test.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "FAILED"))
    }
    command = ["make", "check", *(f"{name}={value}" for name, value in given.items())]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
