"""Every DAG parses, quickly, and is exactly what the design names."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError

from include.contracts import all_contracts, tables_of
from include.exports import names
from include.run_deadline import RunCreated
from plugins.run_deadline import RunDeadlinePlugin

REPOSITORY = Path(__file__).parents[2]
INGEST = {"ingest_orders", "ingest_catalog", "ingest_crm", "ingest_web_events"}
DAG_IDS = INGEST | {
    "build_marts",
    "erase_customer",
    "export_marts",
    "maintain_warehouse",
    "replay_quarantine",
    "watch_freshness",
}
PARSE_SECONDS = 2
STATISTICS = {"fit_customer_value": "refresh_customer_value", "evaluate_experiments": "refresh_experiments"}


@pytest.fixture(scope="module")
def bag(manifest: Path) -> DagBag:
    DagBag(REPOSITORY / "dags", collect_dags=True)  # the first parse also imports the libraries
    return DagBag(REPOSITORY / "dags", collect_dags=True)


def test_every_file_imports(bag):
    assert bag.import_errors == {}


def test_the_dag_ids_are_exactly_these(bag):
    assert set(bag.dags) == DAG_IDS


def test_each_file_is_wiring(bag):
    for file in (REPOSITORY / "dags").glob("*.py"):
        assert len(file.read_text().splitlines()) <= 120, file.name


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_a_dag_says_what_it_does_and_who_owns_it(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.tags
    for section in ("**What.**", "**Schedule.**", "**Inputs → outputs.**", "**Reruns.**", "**Triage.**"):
        assert section in dag.doc_md, f"{dag_id} does not tell its {section}"
    for task in dag.tasks:
        assert task.owner == "data-engineering", task.task_id


@pytest.mark.parametrize("dag_id", sorted(INGEST))
def test_an_ingest_dag_runs_daily_in_the_stores_time_zone_and_backfills(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.timetable.expression == "0 0 * * *"
    assert (dag.catchup, dag.max_active_runs) == (False, 4)
    assert {"start", "end"} <= set(dag.params)
    assert dag.params["reload_differences"] is False
    assert dag.deadline


@pytest.mark.parametrize(
    ("dag_id", "tables"),
    [
        ("ingest_orders", tables_of("orders")),
        ("ingest_catalog", ["products"]),
        ("ingest_crm", ["customers"]),
        ("ingest_web_events", ["web_events"]),
    ],
)
def test_a_batch_goes_from_extract_to_publish_before_it_is_announced(bag, dag_id, tables):
    dag = bag.dags[dag_id]
    for table in tables:
        steps = [f"{table}.{step}" for step in ("extract", "land", "gate", "publish")]
        for before, after in zip(steps, [*steps[1:], "reconcile"], strict=True):
            assert after in dag.get_task(before).downstream_task_ids
    assert dag.get_task("reconcile").downstream_task_ids == {"announce", "request_build", "reload"}


@pytest.mark.parametrize("dag_id", sorted(INGEST))
def test_a_source_is_read_by_as_few_tasks_at_once_as_its_pool_allows(bag, dag_id):
    pools = {"orders": "order_db", "web_events": "google_analytics"}
    source = dag_id.removeprefix("ingest_")
    for task in bag.dags[dag_id].tasks:
        if task.task_id.endswith(".extract"):
            assert task.pool == pools.get(source, source)
        elif task.task_id.endswith((".land", ".gate", ".publish")):
            assert task.pool == "warehouse"


def test_every_task_that_runs_dbt_tells_it_whom_to_charge(bag):
    told = [task.env for task in bag.dags["build_marts"].tasks if hasattr(task, "profile_config")]
    assert told
    for environment in told:
        assert all(name in environment["DBT_ENV_CUSTOM_ENV_QUERY_TAG"] for name in ("dag_id", "task_id", "run_id"))


def test_only_the_order_database_loses_rows_and_more_than_the_limit_only_when_allowed(bag):
    assert {dag_id for dag_id in INGEST if "allow_deletions" in bag.dags[dag_id].params} == {"ingest_orders"}
    assert bag.dags["ingest_orders"].params["allow_deletions"] is False


def test_a_replay_is_manual_tries_only_unless_told_and_knows_every_table(bag):
    dag = bag.dags["replay_quarantine"]
    assert (dag.timetable.can_be_scheduled, dag.max_active_runs) == (False, 1)
    assert dag.params["dry_run"] is True
    assert dag.params.get_param("table").schema["enum"] == [agreed.table for agreed in all_contracts()]
    assert dag.get_task("replay").downstream_task_ids == {"request_build"}


def test_an_erasure_is_manual_counts_only_unless_told_and_takes_no_address(bag):
    dag = bag.dags["erase_customer"]
    assert (dag.timetable.can_be_scheduled, dag.max_active_runs) == (False, 1)
    assert (dag.params["customer_id"], dag.params["email_key"], dag.params["dry_run"]) == (None, None, True)
    for name in ("customer_id", "email_key"):
        with pytest.raises(ParamValidationError):
            dag.params.get_param(name).resolve("ada@example.com")
    assert dag.params.get_param("customer_id").resolve("C000032") == "C000032"
    assert dag.params.get_param("email_key").resolve("a1" * 32) == "a1" * 32
    steps = ["find_customer", "wait_for_loads", "erase_files", "erase_tables", "certify"]
    for before, after in pairwise(steps):
        assert dag.get_task(before).downstream_task_ids == {after}


def test_exports_follow_a_build_one_run_at_a_time_and_offer_every_declared_mart(bag):
    dag = bag.dags["export_marts"]
    assert {asset.name for asset in dag.timetable.asset_condition.objects} == {"marts"}
    assert {outlet.name for outlet in bag.dags["build_marts"].get_task("record_build").outlets} == {"marts"}
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert dag.params["marts"] == list(names()) == dag.params.get_param("marts").schema["items"]["enum"]
    assert (dag.params["start"], dag.params["end"], dag.params["format"], dag.params["full"]) == (
        None,
        None,
        None,
        False,
    )
    assert dag.get_task("export").downstream_task_ids == {"finish"}


def test_the_watch_looks_every_hour_in_the_stores_time_zone(bag):
    dag = bag.dags["watch_freshness"]
    assert (dag.timetable.expression, dag.timetable.timezone.name) == ("5 * * * *", "Europe/London")
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_a_task_that_fails_for_good_is_told(bag, dag_id):
    for task in bag.dags[dag_id].tasks:
        # Cosmos adds one of its own to the task that runs dbt; a mapped task holds what its instances get.
        callbacks = (
            task.on_failure_callback if isinstance(task.on_failure_callback, list) else [task.on_failure_callback]
        )
        assert [callback.__name__ for callback in callbacks].count("task_failed") == 1, task.task_id


def test_a_failing_model_is_told_by_its_own_task_and_not_by_the_one_that_runs_dbt_too(bag, monkeypatch):
    """Cosmos' producer skips itself when it is tried again, so its failure is never the last word: it tells nobody."""
    producer = bag.dags["build_marts"].get_task("dbt.dbt_producer_watcher")
    assert producer.retries > 0
    monkeypatch.setattr("cosmos.operators.watcher._restore_xcom_from_variable", lambda context: None)
    monkeypatch.setattr(producer, "_should_generate_model_uris", False)
    with pytest.raises(AirflowSkipException):
        producer.execute({"ti": SimpleNamespace(try_number=2)})


@pytest.mark.parametrize("dag_id", sorted(INGEST | {"build_marts"}))
def test_a_missed_deadline_has_one_callback_that_every_component_can_import(bag, dag_id):
    [deadline] = bag.dags[dag_id].deadline
    assert deadline.callback.path == "include.alert_events.tell_deadline_missed"
    # A run with a deadline of DAGRUN_QUEUED_AT cannot be cleared in Airflow 3.3: see include/run_deadline.py.
    assert isinstance(deadline.reference, RunCreated)
    assert RunDeadlinePlugin.deadline_references == [RunCreated]
    assert deadline.interval == timedelta(minutes=90 if dag_id == "build_marts" else 360)
    assert deadline.callback.kwargs == {"due_after": "1 h 30 min" if dag_id == "build_marts" else "6 h 0 min"}


def test_a_deadline_is_a_setting_also_of_one_source(monkeypatch):
    monkeypatch.setenv("INGEST_DUE_MINUTES_CATALOG", "0.5")
    [catalog] = DagBag(REPOSITORY / "dags" / "ingest_catalog.py").dags["ingest_catalog"].deadline
    assert (catalog.interval, catalog.callback.kwargs) == (timedelta(seconds=30), {"due_after": "30 s"})
    [crm] = DagBag(REPOSITORY / "dags" / "ingest_crm.py").dags["ingest_crm"].deadline
    assert crm.interval == timedelta(hours=6)


def test_maintenance_runs_daily_and_drops_for_real_unless_told_otherwise(bag):
    dag = bag.dags["maintain_warehouse"]
    assert (dag.timetable.expression, dag.timetable.timezone.name) == ("30 12 * * *", "Europe/London")
    assert (dag.catchup, dag.max_active_runs, dag.params["dry_run"]) == (False, 1, False)
    assert dag.get_task("drop_old_tables").downstream_task_ids == {"remove_old_exports"}


def test_every_model_is_a_task_or_belongs_to_a_refresh_and_looker_comes_last(bag, model_tags):
    dag = bag.dags["build_marts"]
    rendered = {task.task_id.split(".")[1] for task in dag.tasks if "." in task.task_id}
    refreshes = {task.select.removeprefix("tag:") for task in dag.tasks if task.task_id.startswith("refresh_")}
    assert refreshes == {"refresh_rfm", "refresh_cohorts", "refresh_affinity", *STATISTICS.values()}
    for model, tags in model_tags.items():
        is_rendered = any(name == model or name.startswith(f"{model}_") for name in rendered)
        assert is_rendered or refreshes & set(tags), model
    assert [task.task_id for task in dag.tasks if not task.downstream_task_ids] == ["warm_looker"]


@pytest.mark.parametrize(("statistics", "refresh"), STATISTICS.items())
def test_statistics_come_between_the_models_they_read_and_those_that_read_them(bag, statistics, refresh):
    dag = bag.dags["build_marts"]
    task = dag.get_task(statistics)
    assert task.upstream_task_ids and all(name.startswith("dbt.") for name in task.upstream_task_ids)
    assert task.downstream_task_ids == {refresh}
    assert "record_build" in task.get_flat_relative_ids(upstream=False)


def test_one_dbt_build_makes_all_but_what_python_comes_before(bag):
    """Each run of dbt that a build starts by itself costs seconds before its first model."""
    dag = bag.dags["build_marts"]
    producer = dag.get_task("dbt.dbt_producer_watcher")
    assert set(producer.exclude.split()) == {"resource_type:exposure", *(f"tag:{tag}" for tag in STATISTICS.values())}
    assert not producer.select
    followed = {task.tag: task.producer_task_id for task in dag.tasks if task.task_id.startswith("refresh_")}
    assert {tag for tag, followed_task in followed.items() if followed_task is None} == set(STATISTICS.values())
    assert set(followed.values()) == {producer.task_id, None}


@pytest.mark.parametrize(
    ("task_id", "reads"),
    [
        ("refresh_rfm", {"fct_orders", "dim_dates", "int_data_through"}),
        ("refresh_cohorts", {"fct_orders", "dim_dates", "int_data_through"}),
        ("refresh_affinity", {"int_order_product_agg", "dim_products", "int_data_through"}),
        ("fit_customer_value", {"int_customer_value_summary", "fct_orders", "fct_refunds"}),
        ("evaluate_experiments", {"int_experiment_arms"}),
    ],
)
def test_a_refresh_waits_for_the_models_it_reads_and_no_others(bag, task_id, reads):
    """A broken model of the web shop holds back no segment of the customers."""
    upstream = bag.dags["build_marts"].get_task(task_id).upstream_task_ids
    assert upstream == {f"dbt.{model}.test" for model in reads}


def test_nothing_is_announced_but_the_marts(bag):
    dag = bag.dags["build_marts"]
    assert [task.task_id for task in dag.tasks if task.outlets] == ["record_build"]
    assert not [task.task_id for task in dag.tasks if getattr(task, "emit_datasets", False)]


def test_a_build_can_be_asked_to_compute_everything_anew(bag):
    dag = bag.dags["build_marts"]
    assert dag.params["full_refresh"] is False
    told = {task.task_id: task.full_refresh for task in dag.tasks if hasattr(task, "full_refresh")}
    assert "dbt.dbt_producer_watcher" in told
    assert set(told.values()) == {"{{ params.full_refresh }}"}


def test_the_worker_of_one_model_renders_that_model_only(bag, monkeypatch):
    outside = {name for name in bag.dags["build_marts"].task_ids if not re.match(r"dbt\.\w+\.", name)}
    for task_id in ("dbt.fct_orders.run", "dbt.fct_orders.test"):
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)
        assert set(_build_marts_anew().task_ids) == outside | {"dbt.fct_orders.run", "dbt.fct_orders.test"}


@pytest.mark.parametrize("task_id", ["dbt.dbt_producer_watcher", "refresh_rfm", "warm_looker"])
def test_every_other_worker_renders_all_models(bag, monkeypatch, task_id):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)
    assert set(_build_marts_anew().task_ids) == set(bag.dags["build_marts"].task_ids)


def _build_marts_anew() -> DAG:
    return DagBag(REPOSITORY / "dags" / "build_marts.py").dags["build_marts"]


@pytest.mark.parametrize("dag_id", sorted(INGEST))
def test_a_task_is_tried_again_after_growing_pauses_and_given_up_in_the_end(bag, dag_id):
    for task in bag.dags[dag_id].tasks:
        assert (task.retries, task.retry_exponential_backoff) == (4, 2.0), task.task_id
        assert task.retry_delay.total_seconds() == 30
        assert task.max_retry_delay.total_seconds() == 15 * 60
        assert task.execution_timeout.total_seconds() == 3 * 3600


def test_the_first_pause_before_another_try_is_a_setting():
    """Settings are read at import, so in a process of its own."""
    code = "from include.dag_defaults import RETRIES; print(RETRIES['retry_delay'].total_seconds())"
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=os.environ | {"RETRY_SECONDS": "3"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert told.stdout.split()[-1] == "3.0"
