"""How Cosmos runs the dbt project: one task a model or a refresh, from the manifest that `dbt parse` made.

One `dbt build` makes all that SQL alone can compute; the tasks of models and refreshes tell what came of theirs.
"""

import re
from pathlib import Path
from typing import Any, cast

from airflow.sdk import get_parsing_context
from cosmos import (
    DbtTaskGroup,
    ExecutionConfig,
    ProfileConfig,
    ProjectConfig,
    RenderConfig,
    settings,
)
from cosmos.constants import PRODUCER_WATCHER_TASK_ID, ExecutionMode, LoadMode, TestBehavior
from cosmos.operators.watcher import DbtConsumerWatcherSensor
from cosmos.profiles import SnowflakePrivateKeyPemProfileMapping

from include import config, lineage
from include.dbt_producer import BuildProducer
from include.lineage import FITTED_TAGS
from include.refresh_operator import RefreshOperator

_ENVIRONMENT = {
    # The macro set_query_tag reads it; in the profile it would have dbt parse the project anew in every run.
    "DBT_ENV_CUSTOM_ENV_QUERY_TAG": '{"dag": "{{ dag.dag_id }}", "task": "{{ task.task_id }}", "run": "{{ run_id }}"}',
    "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test exposure",  # unit tests prove the code: CI runs them
    "DBT_LOG_LEVEL_FILE": "none",  # the task's log has what dbt says; its debug log goes with the directory it ran in
    "DBT_WRITE_JSON": "false",  # nobody reads the manifest that each run would write again
}
PROJECT = ProjectConfig(
    dbt_project_path=config.DBT_DIR,
    manifest_path=config.DBT_DIR / "target" / "manifest.json",
    project_name="warehouse",
    install_dbt_deps=False,
    env_vars=_ENVIRONMENT,
)
PROFILE = ProfileConfig(
    profile_name="warehouse",
    target_name="airflow",
    profile_mapping=SnowflakePrivateKeyPemProfileMapping(
        conn_id=config.WAREHOUSE,
        profile_args={
            "schema": "MARTS",
            "warehouse": "TRANSFORMING_WH",
            "role": "TRANSFORMER",
            "threads": 4,
            "query_tag": '{"job": "dbt"}',
            "connect_retries": 3,
            "connect_timeout": 30,
        },
    ),
)
REFRESH_TAGS = (
    "refresh_rfm",
    "refresh_cohorts",
    "refresh_affinity",
    "refresh_customer_value",
    "refresh_experiments",
)
POKE_SECONDS = 3.0
"""How often a model's task that waits for `dbt build` asks for its outcome, in the triggerer."""
_OPERATOR_ARGS: dict[str, Any] = {
    "append_env": True,
    "emit_datasets": False,
    "full_refresh": "{{ params.full_refresh }}",
    "pool": config.WAREHOUSE,
}


def build_models(group_id: str) -> DbtTaskGroup:
    """All models but the refreshes: one producer runs `dbt build`, a task a model follows it and tells its outcome.

    A worker that runs the task of one model renders that model only: the others would cost it a second each time.
    """
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=PROJECT,
        profile_config=PROFILE,
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.WATCHER),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=_model_at_work(group_id),
            exclude=["resource_type:exposure", *(f"tag:{tag}" for tag in REFRESH_TAGS)],
            test_behavior=TestBehavior.AFTER_EACH,
            emit_datasets=False,  # include/assets.py names what is announced; of a group Cosmos reads it here only
        ),
        operator_args=dict(_OPERATOR_ARGS),
    )
    for task in group:
        if isinstance(task, DbtConsumerWatcherSensor):
            task.poke_interval = POKE_SECONDS
    producer = cast(BuildProducer, group.children[_producer(group_id)])
    producer.__class__ = BuildProducer  # Cosmos takes no other class for it
    # It builds the refreshes, too, but not those for which Python must first compute something from its models.
    producer.exclude = " ".join(["resource_type:exposure", *(f"tag:{tag}" for tag in sorted(FITTED_TAGS))])
    return group


def _producer(group_id: str) -> str:
    return f"{group_id}.{PRODUCER_WATCHER_TASK_ID}"


def _model_at_work(group_id: str) -> list[str]:
    """The model whose task this process runs; nothing, which selects all of them, anywhere else."""
    task_id = get_parsing_context().task_id or ""
    match = re.fullmatch(rf"{group_id}\.(\w+)\.(run|test)", task_id)
    return [match[1]] if match else []


def read_by(tag: str, models: DbtTaskGroup) -> list[Any]:
    """The tasks of the models that a refresh reads, directly or through what Python computes from them."""
    return [models.tasks_map[name] for name in lineage.read_by(tag) if name in models.tasks_map]


def refresh_models(tag: str, models: DbtTaskGroup) -> RefreshOperator:
    """One task that tells what came of the models of a refresh, or builds and tests them itself."""
    return RefreshOperator(
        task_id=tag,
        tag=tag,
        producer_task_id=None if tag in FITTED_TAGS else _producer(str(models.group_id)),
        project_dir=str(config.DBT_DIR),
        profile_config=PROFILE,
        # A test that reads two models runs with the later one: the other may not exist yet.
        indirect_selection="buildable",
        install_deps=False,
        env=_ENVIRONMENT,
        cache_dir=_cache_dir(tag),
        **_OPERATOR_ARGS,
    )


def _cache_dir(name: str) -> Path:
    # Cosmos keeps the project's parse in it; groups get one by themselves, a single task does not.
    directory = settings.cache_dir / f"build_marts__{name}"
    (directory / "target").mkdir(parents=True, exist_ok=True)
    return directory
