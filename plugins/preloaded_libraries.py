"""Import the heavy libraries once, before the executor forks its workers, instead of again in every task.

A gate spends most of its time importing Great Expectations, a dbt task importing dbt, a task that only tells what came
of a model importing the plugins of tasks. Tasks are forked from the
scheduler's workers (LocalExecutor), so what the scheduler has imported costs them nothing and is shared memory.
"""

import importlib
import logging
import os
import sys
import time
from typing import Any

from airflow.configuration import conf
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger(__name__)

DONE = "LIBRARIES_ARE_PRELOADED"

LIBRARIES = (
    "boto3",
    "cosmos.operators.local",
    "cosmos.operators.watcher",
    "dbt.adapters.snowflake",
    "dbt.cli.main",
    "dbt.compilation",
    "dbt.task.build",
    "google.cloud.bigquery",
    "great_expectations",
    "great_expectations.expectations.core",
    "include.batches",
    "include.dag_defaults",
    "include.gating",
    "include.ingest",
    "include.publish",
    "include.reconcile",
    "include.refreshing",
    "include.transform",
    "looker_sdk",
    "pandas",
    "pyarrow.csv",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "simple_salesforce",
    "snowflake.connector",
    "snowflake.sqlalchemy",
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.snowflake.hooks.snowflake",
)


class Preloader:
    """Listens for the start of a scheduler that forks its own workers."""

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Import the libraries; one that fails is left to the task that needs it."""
        # The job is not told apart yet when listeners hear of it; the command line is.
        if "scheduler" not in sys.argv[1:] or "LocalExecutor" not in conf.get("core", "executor"):
            return
        # The workers and tasks are forked with it, and hear of their own start too, in plugins that they loaded anew.
        if os.environ.get(DONE):
            return
        os.environ[DONE] = "1"
        began = time.monotonic()
        for library in LIBRARIES:
            try:
                importlib.import_module(library)
            except ImportError:
                log.warning("%s could not be preloaded", library, exc_info=True)
        for prepare in (_load_task_plugins, _read_dbt_project):
            try:
                prepare()
            except Exception:
                log.warning("%s failed: each task does it for itself", prepare.__name__, exc_info=True)
        log.info("Preloaded %d libraries for the workers in %.1f s", len(LIBRARIES), time.monotonic() - began)


def _load_task_plugins() -> None:
    """Have Airflow's SDK look for plugins now: the first hook, or file that Cosmos opens, would in every task again."""
    from airflow.sdk.lineage import get_hook_lineage_collector

    get_hook_lineage_collector()


def _read_dbt_project() -> None:
    """Read dbt's parse once: dbt makes the code that reads it, a class at a time, while it reads its first."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    from include import lineage

    parse = lineage.MANIFEST.with_name("partial_parse.msgpack")
    if parse.exists():
        Manifest.from_msgpack(parse.read_bytes(), decoder=extended_mashumuro_decoder)
        lineage.read()  # kept for the tasks that render the models or follow them


class PreloadedLibrariesPlugin(AirflowPlugin):
    """The listener Preloader."""

    name = "preloaded_libraries"
    listeners = [Preloader()]
