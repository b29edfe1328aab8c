"""Dependabot's and pre-commit's configuration: their schemas, and that hooks name commands the project has."""

from pathlib import Path

import yaml

from local.checks.tools import run

ENVIRONMENTS = (".venv/bin/", ".tools/bin/")


def check(root: Path) -> list[str]:
    """What is wrong with them."""
    found = run(root, "check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    found += run(root, "pre-commit", "validate-config", ".pre-commit-config.yaml")
    if found:
        return found
    repositories = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    return [
        f".pre-commit-config.yaml: hook {hook['id']} must be a local one of {' or '.join(ENVIRONMENTS)}"
        for repository in repositories
        for hook in repository["hooks"]
        if repository["repo"] != "local" or not hook["entry"].startswith(ENVIRONMENTS)
    ]
