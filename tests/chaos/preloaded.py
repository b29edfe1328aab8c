"""Imported once by the process that workers are forked from: the heavy libraries, and the DAGs as Airflow reads them.

A worker that is killed is replaced in a moment then; importing all this anew would take a minute of each seed.
"""

import functools
import importlib
import logging
import os
import warnings
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")

from plugins.preloaded_libraries import LIBRARIES  # noqa: E402

RETRY_DELAY = timedelta(milliseconds=100)
RETRIES = 2
MORE = (
    "adbc_driver_postgresql.dbapi",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.api_fastapi.execution_api.versions",
    "anyio._backends._asyncio",
    "boto3.s3.inject",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "include.alerts",
    "include.alert_events",
    "include.sources.catalog",
    "include.sources.crm",
    "include.sources.orders",
    "include.sources.web_events",
)
NOT_NEEDED = ("cosmos", "dbt", "looker_sdk", "scipy", "include.transform", "include.refreshing")


def _import_all() -> None:
    for name in (*LIBRARIES, *MORE):
        if not name.startswith(NOT_NEEDED):
            with suppress(ImportError):
                importlib.import_module(name)


def _read_dags() -> tuple[Any, dict[str, Any]]:
    """The bag of the ingest DAGs and the DAGs by id. Retries come at once and are
    two, not four: more waiting and more of the same teach nothing."""
    from airflow.dag_processing.dagbag import BundleDagBag

    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    bag = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
    if bag.import_errors:
        raise RuntimeError(f"a DAG file cannot be imported: {bag.import_errors}")
    for dag in bag.dags.values():
        for task in dag.tasks:
            for operator in (task, getattr(task, "partial_kwargs", None)):
                if isinstance(operator, dict):
                    operator |= {"retries": RETRIES, "retry_delay": RETRY_DELAY, "retry_exponential_backoff": 0}
                elif operator is not None and not hasattr(operator, "partial_kwargs"):
                    operator.retries = RETRIES
                    operator.retry_delay = RETRY_DELAY
                    operator.retry_exponential_backoff = 0
    return bag, dict(bag.dags)


def _make_execution_api() -> None:
    """The API by which tasks speak to Airflow, in this process: made here, it costs no worker its five seconds."""
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    with suppress(AttributeError):  # only sooner, never needed
        in_process_api_server().app._cadwyn_initialize()


def _make_clients_once() -> None:
    """A task makes its own clients, which takes half of its time: AWS's and the keys are made once in a worker."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
    from cryptography.hazmat.primitives import serialization
    from snowflake.connector.auth import keypair

    clients: dict[tuple[Any, ...], Any] = {}
    make = AwsGenericHook.get_client_type

    def once(hook: Any, **options: Any) -> Any:
        key = (hook.aws_conn_id, hook.client_type, *sorted((name, str(value)) for name, value in options.items()))
        if key not in clients:
            clients[key] = make(hook, **options)
        return clients[key]

    AwsGenericHook.get_client_type = once  # type: ignore[method-assign]
    for module, name in ((serialization, "load_pem_private_key"), (keypair, "load_der_private_key")):
        setattr(module, name, functools.cache(getattr(module, name)))


BAG: Any = None
DAGS: dict[str, Any] = {}

if "AIRFLOW__CORE__DAGS_FOLDER" in os.environ and os.environ.get("CHAOS_PRELOAD"):
    logging.disable(logging.WARNING)
    _import_all()
    BAG, DAGS = _read_dags()
    _make_execution_api()
    _make_clients_once()
    logging.disable(logging.NOTSET)
