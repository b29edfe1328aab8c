"""Alerts of tasks that Airflow itself runs: its callbacks, its contexts, its answers about runs of other DAGs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.pipeline.airflow_runs import REPOSITORY, OwnAirflow
from tests.pipeline.test_late_data import load_all

FAILING = """
from airflow.sdk import dag, task
from include import alert_events
from include.dag_defaults import watch_defaults

@task(retries=0)
def load():
    import os
    if os.environ["BROKEN"] == "yes":
        raise ValueError("password=hunter2 of 'Ada'")

@task
def finish():
    alert_events.run_succeeded()

@dag(schedule=None, **watch_defaults())
def fails():
    load() >> finish()

fails()
"""
RUN = """
import os, sys
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(sys.argv[1]).dags[sys.argv[2]]
for broken in sys.argv[3:]:
    os.environ["BROKEN"] = broken
    print("ended", dag.test().state)
"""


@pytest.fixture(scope="module")
def airflow(stack, airflow_metadata: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAirflow]:
    """An Airflow of its own, with the DAGs that are run here."""
    with OwnAirflow(tmp_path_factory.mktemp("own_airflow"), airflow_metadata) as own:
        (own.dags / "fails.py").write_text(FAILING)
        for name in ("watch_freshness", "maintain_warehouse"):
            shutil.copy(REPOSITORY / "dags" / f"{name}.py", own.dags)
        yield own


def run(airflow: OwnAirflow, dag_id: str, *broken: str, **variables: str) -> list[str]:
    """Run a DAG once for each word, as `airflow dags test` does; the states in which the runs ended."""
    output = airflow.python(RUN, str(airflow.dags / f"{dag_id}.py"), dag_id, *broken, **variables)
    return [line.split()[1] for line in output.splitlines() if line.startswith("ended ")]


def test_a_task_that_fails_is_told_once_and_the_run_that_succeeds_ends_it(airflow, channels):
    assert run(airflow, "fails", "yes", "yes", "no") == ["failed", "failed", "success"]
    told = ["Task failed: fails.load", "Recovered: Task failed: fails.load"]
    assert channels.headlines() == (told, told)
    first = str(channels.slack()[0])
    assert "ValueError: password=[secret] of [value]" in first
    assert "/dags/fails/runs/manual__" in first and "/tasks/load?try_number=1|Task log>" in first


def test_the_watch_asks_airflow_for_the_runs_of_the_missing_day(airflow, channels, warehouse):
    load_all(warehouse, "2024-06-01", "2024-07-01", "2024-07-01T01:00:00", but=("crm",))
    assert run(airflow, "watch_freshness", "-", "-", SCHEDULE_UNTIL="2024-06-30") == ["success", "success"]
    assert channels.headlines() == (["Data late: crm"],) * 2
    assert "No scheduled run of ingest_crm for 2024-06-30 exists" in str(channels.slack())


def test_maintenance_asks_airflow_for_runs_under_way_and_drops_what_none_can_need(airflow, warehouse):
    table = "raw.orders__20260601_20260602_0123456789"
    warehouse.execute(f"create or replace transient table {table} (order_id varchar)")
    assert run(airflow, "maintain_warehouse", "-", LANDING_TABLES_DAYS="0") == ["success"]
    rows = warehouse.execute(
        "select dag_id, run_id from audit.maintenance where table_name = %(table)s", {"table": table}
    )
    [(dag_id, run_id)] = rows.fetchall()
    assert dag_id == "maintain_warehouse" and run_id.startswith("manual__")
    with pytest.raises(ProgrammingError, match="does not exist"):
        warehouse.execute(f"select * from {table}")
