"""dbt in this process, on the stack of the pipeline tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.config import DBT_DIR
from local.stack import Stack

# A parse takes seconds and depends on no stack: what one test has read others of its process take up.
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
    from dbt.cli.main import dbtRunner

    endpoint = stack.endpoints["snowflake"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_USER": endpoint["user"],
            "SNOWFLAKE_PRIVATE_KEY_PATH": endpoint["private_key_file"],
            "SNOWFLAKE_HOST": endpoint["host"],
            "SNOWFLAKE_PORT": str(endpoint["port"]),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }.items():
            patch.setenv(name, value)
        if arguments not in _manifests:
            places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(target)]
            result = dbtRunner().invoke(["--quiet", "--log-path", str(target), "parse", *arguments, *places])
            assert result.success, result.exception
            _manifests[arguments] = result.result
        yield Dbt(_manifests[arguments], target)
