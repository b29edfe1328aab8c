"""From a specification such as `simulated:customers=300` to a prepared data set on disk, made once and kept."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.datasets import complete_journey, directory, online_retail, simulated
from local.datasets.layout import DatasetError
from local.datasets.simulated.parameters import Parameters
from local.datasets.writer import DESCRIPTION, DatasetWriter

KNOWN = "known are simulated, complete_journey, online_retail:PATH and directories of Parquet or CSV files"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """How one specification is made: the id it is kept under, and the making."""

    id: str
    write: Callable[[DatasetWriter, Progress], None]


def read_options(text: str) -> dict[str, str]:
    """The options of "a=1,b=2"."""
    options = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise DatasetError(f"data set option {part!r} is not of the form name=value")
        options[name.strip()] = value.strip()
    return options


def recipe(spec: str) -> Recipe:
    """The recipe of a specification; DatasetError when nothing is meant by it."""
    kind, _, rest = spec.partition(":")
    if kind == "simulated":
        shop = Parameters.read(read_options(rest))
        return Recipe(shop.id, lambda writer, progress: simulated.write(shop, writer, progress))
    if kind == "online_retail":
        path = Path(rest).expanduser()
        if not path.is_file():
            raise DatasetError(f"online_retail: no such file: {rest or '(none named)'}")
        return Recipe(
            f"online_retail-{_digest([path])}",
            lambda writer, progress: online_retail.write(path, writer, progress),
        )
    if kind == "complete_journey":
        return Recipe(kind, complete_journey.write)
    path = Path(spec).expanduser()
    if path.is_dir():
        files = [file for parts in directory.source_files(path).values() for file in parts]
        described = [file for file in [path / DESCRIPTION] if file.is_file()]
        return Recipe(
            f"{path.resolve().name}-{_digest([*files, *described])}",
            lambda writer, progress: directory.write(path, writer, progress),
        )
    raise DatasetError(f"no such data set or directory: {spec} ({KNOWN})")


def _digest(files: list[Path]) -> str:
    """A short text that changes when one of the files does."""
    digest = hashlib.sha256()
    for file in files:
        state = file.stat()
        digest.update(f"{file.resolve()}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:10]


def code_version() -> str:
    """A short text that changes with the code data sets are made by: what older code made is made again."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


def prepare(spec: str, state: Path, progress: Progress | None = None) -> Path:
    """Prepare a data set, or find it prepared, and return its directory under `state`/datasets.

    Raises:
        DatasetError: the specification means nothing, or the files it names cannot be read.
    """
    wanted = recipe(spec)
    version = code_version()
    target = state / "datasets" / wanted.id
    if is_prepared(target, version):
        return target
    building = _building_site(target)
    try:
        wanted.write(DatasetWriter(building, wanted.id, version), progress or (lambda message: None))
        if not is_prepared(target, version):  # another process may have been quicker
            shutil.rmtree(target, ignore_errors=True)
            building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def _building_site(target: Path) -> Path:
    """A fresh directory beside the target, named after this process; those of processes that died are removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for site in target.parent.glob(f".{target.name}.*"):
        if not _is_alive(int(site.suffix[1:])):
            shutil.rmtree(site, ignore_errors=True)
    building = target.parent / f".{target.name}.{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    return building


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def is_prepared(directory: Path, version: str) -> bool:
    """Whether a directory holds a complete data set made by this version of the code."""
    try:
        return bool(json.loads((directory / DESCRIPTION).read_text())["version"] == version)
    except FileNotFoundError:
        return False
