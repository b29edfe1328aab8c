"""dbt on the stack of a seed; the project is parsed once for all seeds."""

import os
from datetime import UTC, datetime
from pathlib import Path

from include.building import record
from include.warehouse import Warehouse
from local.stack import Stack
from tests.pipeline.dbt import Dbt, parsed

BUILD = ("build", "--resource-type", "seed", "--resource-type", "model")
_parsed: list[Dbt] = []


class Marts:
    """Builds of one warehouse."""

    def __init__(self, stack: Stack, target: Path) -> None:
        endpoint = stack.endpoints["snowflake"]
        os.environ |= {
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_USER": endpoint["user"],
            "SNOWFLAKE_PRIVATE_KEY_PATH": endpoint["private_key_file"],
            "SNOWFLAKE_HOST": endpoint["host"],
            "SNOWFLAKE_PORT": str(endpoint["port"]),
            "DBT_LOG_LEVEL_FILE": "none",
        }
        if not _parsed:
            with parsed(stack, target) as dbt:
                _parsed.append(dbt)
        self._dbt = Dbt(_parsed[0].manifest, target)
        self.builds = 0

    def build(self, warehouse: Warehouse, full: bool = False) -> None:
        """Build the models from what came since the last build, or everything anew, and record the build.

        Raises:
            AssertionError: a model failed.
        """
        self.builds += 1
        self._dbt.run(*BUILD, *(["--full-refresh"] if full else []))
        record(warehouse, f"build {self.builds}", datetime.now(UTC).replace(tzinfo=None))
