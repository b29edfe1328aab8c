"""A change builds the models that differ and their children beside the base's, and reads the rest from the base."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.bootstrap import bootstrap
from include.config import DBT_DIR
from include.warehouse import Warehouse, open_warehouse
from local.built_shop import MODELS, BuildError, dbt
from local.errors import StackError
from local.small_builds import build_difference, checked_out_project
from local.stack import Stack

CHANGED = "int_carts"
PROJECT_FILES = shutil.ignore_patterns("target", "logs")


@dataclass
class Projects:
    """A project that the stack holds, a copy that tests change, and where dbt writes."""

    base: Path
    changed: Path
    folder: Path


@pytest.fixture(scope="module")
def projects(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """The model that tests change, its children and all that these read are built on empty tables."""
    folder = tmp_path_factory.mktemp("slim")
    projects = Projects(folder / "base" / "dbt", folder / "changed" / "dbt", folder)
    for copy in (projects.base, projects.changed):
        shutil.copytree(DBT_DIR, copy, ignore=PROJECT_FILES)
    with open_warehouse("test") as warehouse:
        bootstrap(warehouse)
    dbt(stack, folder / "base", *MODELS, "--select", f"@{CHANGED}", project=projects.base)
    return projects


def tables(warehouse: Warehouse, schema: str) -> set[str]:
    found = warehouse.execute(
        f"select table_name from information_schema.tables where table_schema = upper('{schema}')"
    )
    return {name.lower() for [name] in found.fetchall()}


def children_of(model: str, manifest: Path) -> set[str]:
    """Names of the models that read a model, directly or not, and its own."""
    child_map = json.loads(manifest.read_text())["child_map"]
    found, left = set(), [f"model.warehouse.{model}"]
    while left:
        node = left.pop()
        if node.startswith("model.") and node not in found:
            found.add(node)
            left += child_map[node]
    return {node.split(".")[2] for node in found}


def test_only_what_differs_and_its_children_are_built_and_the_rest_is_read_from_the_base(
    stack: Stack, warehouse: Warehouse, projects: Projects
) -> None:
    held = {schema: tables(warehouse, schema) for schema in ("intermediate", "marts")}
    assert build_difference(stack, projects.base, projects.changed, projects.folder) == []

    model = projects.changed / "models" / "intermediate" / f"{CHANGED}.sql"
    before = model.read_text()
    model.write_text(f"{before}\nwhere 1 = 1\n")
    built = build_difference(stack, projects.base, projects.changed, projects.folder)
    assert set(built) == children_of(CHANGED, projects.folder / "change" / "target" / "manifest.json")
    assert "int_sessions" not in built and "cart_abandonment" in built
    assert tables(warehouse, "ci_intermediate") | tables(warehouse, "ci_marts") == set(built)
    assert {schema: tables(warehouse, schema) for schema in held} == held

    model.write_text(f"{before}\nwhere no_such_column = 1\n")
    with pytest.raises(BuildError, match="NO_SUCH_COLUMN"):
        build_difference(stack, projects.base, projects.changed, projects.folder)


def test_a_base_that_git_does_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="no-such-branch"):
        checked_out_project("no-such-branch", tmp_path)
