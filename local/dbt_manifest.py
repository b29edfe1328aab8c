"""The dbt manifest, from which Cosmos renders the models as tasks: made again only when the project has changed."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT = REPOSITORY / "include" / "dbt"
SOURCES = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests", "snapshots")

Progress = Callable[[str], None]


class ManifestError(Exception):
    """dbt could not read the project. The message holds what dbt said."""


def ensure_manifest(progress: Progress = lambda line: None, connection: str | None = None) -> Path:
    """The manifest of the dbt project as it stands.

    With the Airflow connection `warehouse` (as JSON) tasks can reuse the parse, too; without it Cosmos can render.

    Raises:
        ManifestError: the project has an error; the message names file and line as dbt does.
    """
    target = PROJECT / "target"
    target.mkdir(exist_ok=True)
    manifest, stamp = target / "manifest.json", target / "manifest.sources"
    with (target / ".manifest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests and a demo may want it at the same time
        sources, parsed_for = fingerprint(), _address(connection)
        held = stamp.read_text().split() if manifest.exists() and stamp.exists() else ["", ""]
        if held[0] != sources or (connection and held[1] != parsed_for):
            progress("reading the dbt project")
            _parse(connection, target)
            stamp.write_text(f"{sources} {parsed_for}")
    return manifest


def _parse(connection: str | None, target: Path) -> None:
    """Parse beside `target` and put the results there whole: a DAG that reads half a manifest would be taken down."""
    workplace = target / "parsing"
    known = {"AIRFLOW_CONN_WAREHOUSE": connection} if connection else {}
    finished = subprocess.run(
        [sys.executable, "-m", "include.parse_project", *([] if connection else ["--mock"])],
        env={**os.environ, **known, "PYTHONWARNINGS": "ignore", "DBT_TARGET_PATH": str(workplace)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise ManifestError(f"dbt cannot read the project in {PROJECT}:\n{finished.stdout}{finished.stderr}".strip())
    for name in ("partial_parse.msgpack", "manifest.json"):
        draft = target / f".{name}.draft"
        shutil.copyfile(workplace / name, draft)
        draft.replace(target / name)


def _address(connection: str | None) -> str:
    """A hash over what dbt compares before it uses a parse again: all of a connection but its secrets."""
    held = json.loads(connection or "{}")
    held.pop("password", None)
    held.get("extra", {}).pop("private_key_content", None)
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def fingerprint() -> str:
    """A hash over dbt's version and the project's files, by name and content."""
    digest = hashlib.sha256(version("dbt-core").encode())
    for source in SOURCES:
        path = PROJECT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(f"\0{file.relative_to(PROJECT)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
