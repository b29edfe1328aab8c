"""Builds on a small shop of their own: all models, what a change touches, and what dbt's documentation describes.

What a change touches: the shop is built by the dbt project of a base commit; models that differ, and their children,
are then built into schemas that begin with ci_, and read the rest where the base has it (state:modified+, --defer).
"""

import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from include.config import DBT_DIR
from local.airflow_settings import read_settings
from local.built_shop import BuildError, build_shop, dbt
from local.errors import StackError
from local.product import Dataset, client_environment
from local.stack import REPOSITORY, Stack, start_stack, state_directory, stop_stack

DATASET = "simulated:customers=60,days=14,seed=3,end=2026-06-30"
"""Small, and with an order, a visit and a refund on most days: enough that every model has rows."""

Progress = Callable[[str], None]


def build_change(base: str, progress: Progress) -> list[str]:
    """Build what the working tree's models change since they left the branch, tag or commit `base`.

    Returns:
        The names of the models that were built, sorted; none where nothing differs.

    Raises:
        StackError: there is no such base, or a model or a test failed; dbt has told which.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = checked_out_project(base, Path(folder) / "base")
        with small_stack(progress) as stack:
            progress("building the shop with the models of the base")
            try:
                build_shop(stack, Path(folder) / "base", project)  # whose parse the comparison takes up
                progress("building what differs from it")
                return build_difference(stack, project, DBT_DIR, Path(folder), shown=True)
            except BuildError as error:
                raise StackError(str(error)) from error


def build_all(progress: Progress) -> None:
    """Build every model of the working tree twice, the second time with all tests: incremental ones both ways.

    Raises:
        StackError: a model or a test failed; dbt has told which.
    """
    with tempfile.TemporaryDirectory() as folder, small_stack(progress) as stack:
        try:
            progress("loading and building a small shop")
            build_shop(stack, Path(folder))
            progress("building it again, with all tests")
            dbt(stack, Path(folder), "build", shown=True)
        except BuildError as error:
            raise StackError(str(error)) from error


def document(progress: Progress) -> Path:
    """The dbt documentation of the working tree as one page that needs no server, made on a small built shop.

    Raises:
        StackError: a model could not be built or described.
    """
    page = DBT_DIR / "target" / "static_index.html"
    with tempfile.TemporaryDirectory() as folder, small_stack(progress) as stack:
        progress("building the shop that the documentation describes")
        try:
            build_shop(stack, Path(folder))
            dbt(stack, Path(folder), "docs", "generate", "--static")
        except BuildError as error:
            raise StackError(str(error)) from error
        page.parent.mkdir(exist_ok=True)
        page.write_bytes((Path(folder) / "target" / "static_index.html").read_bytes())
    return page


def build_difference(stack: Stack, base: Path, changed: Path, folder: Path, shown: bool = False) -> list[str]:
    """Build the models of the project `changed` that differ from those of the project `base`, which the stack holds.

    Returns:
        The names of the models that were built, sorted.

    Raises:
        BuildError: a model or a test failed.
    """
    dbt(stack, folder / "base", "parse", project=base)
    selection = ("--select", "state:modified+", "--defer", "--state", str(folder / "base" / "target"))
    dbt(stack, folder / "change", "build", "--target", "ci", *selection, project=changed, shown=shown)
    results = json.loads((folder / "change" / "target" / "run_results.json").read_text())["results"]
    kinds = [result["unique_id"].split(".") for result in results]
    return sorted(name for kind, _, name, *_ in kinds if kind == "model")


def checked_out_project(base: str, folder: Path) -> Path:
    """The dbt project as it stood where the working tree left `base`.

    Raises:
        StackError: git knows no such base.
    """
    left = _git("merge-base", base, "HEAD").decode().strip()
    archive = _git("archive", "--format=tar", left, DBT_DIR.relative_to(REPOSITORY).as_posix())
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder / DBT_DIR.relative_to(REPOSITORY)


@contextmanager
def small_stack(progress: Progress) -> Iterator[Stack]:
    """A stack of this command's own on free ports, beside one that runs; Airflow connections lead to it meanwhile."""
    state = state_directory() / "small"
    before = dict(os.environ)
    os.environ["LOCAL_PORT_BASE"] = "0"
    try:
        stop_stack(state, wipe=True)
        stack = start_stack(DATASET, state, progress)
        os.environ.update(client_environment(stack, Dataset.read(stack.dataset_dir), state))
        os.environ.update(read_settings().for_stack(stack).environment())
        os.environ["AIRFLOW_HOME"] = str(state / "airflow")
        yield stack
    finally:
        stop_stack(state, wipe=True)
        os.environ.clear()
        os.environ.update(before)


def _git(*arguments: str) -> bytes:
    ended = subprocess.run(["git", "-C", str(REPOSITORY), *arguments], capture_output=True, check=False)
    if ended.returncode != 0:
        raise StackError(f"git {' '.join(arguments)}: {ended.stderr.decode(errors='replace').strip()}")
    return ended.stdout
