"""Dockerfiles: hadolint, a pinned runtime with the Airflow of requirements.txt, a context that holds what is copied."""

import re
from pathlib import Path

from local.checks.tools import run

DOCKERFILES = ("Dockerfile", "local/Dockerfile")
RUNTIME = "astrocrpublic.azurecr.io/runtime"
# Airflow's version, the runtime's build and the Python that dbt 1.11 supports; a tag without the build moves.
PINNED = re.compile(r"(?P<airflow>\d+\.\d+)-\d+-python-3\.1[12]")
IN_THE_IMAGE = ("dags", "include", "plugins", "packages.txt", "requirements.txt")


def check(root: Path) -> list[str]:
    """What is wrong with the Dockerfiles and what they are given."""
    found = [line for name in DOCKERFILES for line in run(root, "hadolint", "--config", ".hadolint.yaml", name)]
    return [*found, *_runtime(root), *_context(root)]


def _runtime(root: Path) -> list[str]:
    text = (root / "Dockerfile").read_text()
    # Which FROM the Astro CLI reads depends on its version: of stages that differ it may take the wrong one.
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    if len(bases) != 1:
        return [f"Dockerfile: all stages come from one runtime; these do not: {', '.join(sorted(bases))}"]
    name, _, tag = bases.pop().partition(":")
    pinned = PINNED.fullmatch(tag)
    if name != RUNTIME or not pinned:
        return [f"Dockerfile: {name}:{tag} is no pinned {RUNTIME}:<Airflow>-<build>-python-<version>"]
    airflow = re.search(r"^apache-airflow==(\d+\.\d+)", (root / "requirements.txt").read_text(), re.MULTILINE)
    if not airflow or airflow[1] != pinned["airflow"]:
        return [f"Dockerfile: the runtime carries Airflow {pinned['airflow']}, requirements.txt asks for another"]
    last = text[text.rindex("FROM ") :]
    if "include.parse_project" not in last:
        return ["Dockerfile: the last stage makes no dbt manifest, from which the DAGs render the models"]
    return []


def _context(root: Path) -> list[str]:
    lines = (root / ".dockerignore").read_text().split()
    if "*" not in lines:
        return [".dockerignore: it must begin with *, so that nothing is sent that is not named"]
    return [
        f".dockerignore: {name} is not sent, and the image needs it" for name in IN_THE_IMAGE if f"!{name}" not in lines
    ]
