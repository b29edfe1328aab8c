"""dbt in this process, on the stack of the pipeline tests."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.config import DBT_DIR
from local.dbt_manifest import fingerprint
from local.metadata_template import KEPT
from local.stack import Stack

# A parse depends on no stack: what one test has read others of its process take up, and those of others from a file.
_manifests: dict[tuple[str, ...], Any] = {}


@dataclass
class Dbt:
    """The project, parsed once."""

    manifest: Any
    target: Path

    def run(self, *arguments: str) -> Any:
        """Results of a dbt command; raises AssertionError when a node fails or warns."""
        from dbt.cli.main import dbtRunner

        places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(self.target)]
        quiet = ["--quiet", "--no-use-colors", "--no-write-json", "--log-path", str(self.target)]
        result = dbtRunner(manifest=self.manifest).invoke([*quiet, *arguments, *places])
        failed = [
            f"{each.node.name}: {each.message}"
            for each in result.result or []
            if each.status not in ("success", "pass", "no-op")
        ]
        assert result.success and not failed, "\n".join(map(str, [result.exception, *failed]))
        return result.result

    def document(self) -> dict[str, Any]:
        """What `dbt docs generate` knows of each model's table; raises AssertionError when it fails or misses one."""
        from dbt.cli.main import dbtRunner

        places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(self.target)]
        generate = ["--quiet", "--log-path", str(self.target), "docs", "generate"]
        result = dbtRunner(manifest=self.manifest).invoke([*generate, *places])
        assert result.success, result.exception
        catalog = json.loads((self.target / "catalog.json").read_text())
        assert not catalog["errors"]
        return {unique_id.split(".")[2]: node for unique_id, node in catalog["nodes"].items()}


@contextmanager
def parsed(stack: Stack, target: Path, *arguments: str) -> Iterator[Dbt]:
    """The project on a stack, parsed with these arguments; the profile's variables stand in the environment."""
    endpoint = stack.endpoints["snowflake"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_USER": endpoint["user"],
            "SNOWFLAKE_PRIVATE_KEY_PATH": endpoint["private_key_file"],
            "SNOWFLAKE_HOST": endpoint["host"],
            "SNOWFLAKE_PORT": str(endpoint["port"]),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_LOG_LEVEL_FILE": "none",
        }.items():
            patch.setenv(name, value)
        if arguments not in _manifests:
            _manifests[arguments] = _kept(target, arguments)
        yield Dbt(_manifests[arguments], target)


def _kept(target: Path, arguments: tuple[str, ...]) -> Any:
    """The manifest of the project as it stands; the first process to ask parses it, which takes 12 s."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    KEPT.mkdir(parents=True, exist_ok=True)
    project = f"dbt-{fingerprint()[:16]}"
    kept = KEPT / f"{project}-{hashlib.sha256(json.dumps(arguments).encode()).hexdigest()[:8]}.msgpack"
    with (KEPT / ".dbt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _parse(target, arguments)
            draft = kept.with_suffix(".draft")
            draft.write_bytes((target / "partial_parse.msgpack").read_bytes())
            draft.replace(kept)
            for old in KEPT.glob("dbt-*.msgpack"):
                if not old.name.startswith(project):
                    old.unlink()
    manifest = Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
    # As dbt does when it takes up a parse.
    manifest.build_parent_and_child_maps()
    manifest.build_group_map()
    manifest.build_flat_graph()
    return manifest


def _parse(target: Path, arguments: tuple[str, ...]) -> None:
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(target)]
    result = dbtRunner().invoke(["--quiet", "--log-path", str(target), "parse", *arguments, *places])
    assert result.success, result.exception
