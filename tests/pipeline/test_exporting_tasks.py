"""export_marts as Airflow runs it: its params, its mapped tasks, and what it does when a build is at work."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include import clients, config, exporting
from include.exports.manifest import ExportLake
from include.exports.mart import Superseded
from include.warehouse import Warehouse
from tests.pipeline.airflow_runs import REPOSITORY, OwnAirflow

MARTS = ("fct_orders", "rfm_analysis")
RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(sys.argv[1]).dags["export_marts"]
run = dag.test(run_conf=json.loads(sys.argv[2]))
print("ended", run.state)
"""


def create(warehouse: Warehouse, mart: str) -> None:
    """An empty table with the columns of a mart's model."""
    [model] = yaml.safe_load((config.DBT_DIR / "models" / "marts" / f"{mart}.yml").read_text())["models"]
    columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
    warehouse.execute(f"create or replace table marts.{mart} ({columns})")


@pytest.fixture
def built(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Two marts of a few rows, of build 1."""
    for mart in MARTS:
        create(warehouse, mart)
        lake(mart).remove(lake(mart).sizes("exports/"))
    warehouse.execute(
        "insert into marts.fct_orders (order_id, gross_revenue, order_day, build_number) "
        "values ('O1', 1.5, '2026-06-01', 1), ('O2', 2.5, '2026-06-02', 1)"
    )
    warehouse.execute("insert into marts.rfm_analysis (customer_key, monetary) values ('C1', 4)")
    warehouse.execute("create or replace table intermediate.int_build as select 1 as build_number")
    warehouse.execute("insert into audit.builds values (1, 'build', '2026-06-30', null, '2026-07-01')")
    yield warehouse
    for table in (*(f"marts.{mart}" for mart in MARTS), "intermediate.int_build"):
        warehouse.execute(f"drop table {table}")


def lake(mart: str) -> ExportLake:
    return ExportLake(clients.lake_client(), config.LAKE_BUCKET, mart)


@pytest.fixture
def airflow(stack, airflow_metadata: Path, tmp_path: Path) -> Iterator[OwnAirflow]:
    """An Airflow of its own, with the DAG export_marts only."""
    with OwnAirflow(tmp_path, airflow_metadata) as own:
        shutil.copy(REPOSITORY / "dags" / "export_marts.py", own.dags)
        yield own


def run(airflow: OwnAirflow, **conf: Any) -> str:
    """The end of a run with these params."""
    output = airflow.python(RUN, str(airflow.dags / "export_marts.py"), json.dumps(conf))
    return next(line.split()[1] for line in output.splitlines() if line.startswith("ended "))


def open_alerts(warehouse: Warehouse) -> list[str]:
    """Keys of the alerts that are open."""
    rows = warehouse.execute("select alert_key from audit.alerts where recovered_at is null order by alert_key")
    return [key for (key,) in rows.fetchall()]


def test_a_run_exports_the_chosen_marts(airflow, built: Warehouse):
    assert run(airflow, marts=list(MARTS)) == "success"
    for mart, rows in zip(MARTS, (2, 1), strict=True):
        latest = lake(mart).latest()
        assert latest is not None and (latest.rows, latest.build_number) == (rows, 1)
        [file, *_] = latest.parts[0].files
        body = lake(mart).s3.get_object(Bucket=latest.bucket, Key=file.key)["Body"].read()
        held = pq.read_table(io.BytesIO(body))
        assert held.schema.names == [column["name"] for column in latest.columns]
        assert "build_number" not in held.schema.names
    assert built.execute("select mart, row_count from audit.exports order by mart").fetchall() == [
        ("fct_orders", 2),
        ("rfm_analysis", 1),
    ]
    assert run(airflow, marts=list(MARTS), start="2026-06-02", end="2026-06-03", format="csv") == "success"
    some = built.execute(
        "select mart, export_format, row_count, is_latest from audit.exports where start_day is not null"
    )
    assert some.fetchall() == [("fct_orders", "csv", 1, False)]  # the other is not exported by the day

    built.execute("alter table marts.rfm_analysis drop column monetary")
    assert run(airflow, marts=list(MARTS)) == "failed"
    assert open_alerts(built) == ["task_failed:export_marts.export"]
    create(built, "rfm_analysis")
    assert run(airflow, marts=["rfm_analysis"]) == "success"
    assert open_alerts(built) == []

    exported = built.execute("select count(*) from audit.exports").fetchall()
    built.execute("update intermediate.int_build set build_number = 2")
    assert run(airflow, marts=list(MARTS)) == "failed"
    assert open_alerts(built) == ["task_failed:export_marts.plan"]
    assert built.execute("select count(*) from audit.exports").fetchall() == exported


def test_a_run_of_a_build_gives_way_and_one_by_hand_fails(monkeypatch: pytest.MonkeyPatch):
    for run_type, ends_with in (("asset_triggered", AirflowSkipException), ("manual", AirflowFailException)):
        context = {"dag_run": SimpleNamespace(run_type=run_type)}
        monkeypatch.setattr(exporting, "get_current_context", lambda context=context: context)
        with pytest.raises(ends_with, match="build 2 is at work"), exporting._told():
            raise Superseded("build 2 is at work")
