"""What runs cost: tags that name the run, the model over them, and the query of docs/production.md."""

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

from include.warehouse import Warehouse, open_warehouse
from local.stack import Stack
from tests.pipeline.dbt import Dbt, parsed

GUIDE = Path(__file__).parents[2] / "docs" / "production.md"
USAGE = ["--vars", '{"account_usage": true}']
TASK = SimpleNamespace(dag_id="ingest_orders", task_id="orders.land", run_id="scheduled__2026-06-01")
QUERIES = [
    ('{"dag": "ingest_orders", "task": "orders.land", "run": "r1"}', "LOADING_WH", 0.25),
    ('{"dag": "build_marts", "task": "dbt", "run": "r2", "model": "fct_orders"}', "TRANSFORMING_WH", 0.5),
    ('{"dag": "build_marts", "task": "dbt", "run": "r2", "model": "fct_sessions"}', "TRANSFORMING_WH", 0.75),
    ("somebody", "REPORTING_WH", 0.125),
    (None, "REPORTING_WH", 0.0625),
]
METERED = [("LOADING_WH", 0.5), ("TRANSFORMING_WH", 1.5), ("REPORTING_WH", 0.25)]


@pytest.fixture
def account_usage(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A database SNOWFLAKE with the columns of ACCOUNT_USAGE that are read, as Snowflake types them."""
    with open_warehouse("test") as session:  # a new database is the session's own from then on
        _make_account_usage(session)
    yield warehouse
    for table in ("query_attribution_history", "warehouse_metering_history"):
        warehouse.execute(f"drop table snowflake.account_usage.{table}")


def _make_account_usage(warehouse: Warehouse) -> None:
    for statement in (
        "create database if not exists snowflake",
        "create schema if not exists snowflake.account_usage",
        "create or replace table snowflake.account_usage.query_attribution_history (query_id varchar, warehouse_name "
        "varchar, query_tag varchar, start_time timestamp_ltz, credits_attributed_compute float, "
        "credits_used_query_acceleration float)",
        "create or replace table snowflake.account_usage.warehouse_metering_history "
        "(start_time timestamp_ltz, warehouse_name varchar, credits_used_compute number(38, 9))",
    ):
        warehouse.execute(statement)
    for tag, name, credits in QUERIES:
        warehouse.execute(
            "insert into snowflake.account_usage.query_attribution_history "
            "values ('q', %(name)s, %(tag)s, '2026-06-01 02:00:00', %(credits)s, null)",
            {"name": name, "tag": tag, "credits": credits},
        )
    for name, credits in METERED:
        warehouse.execute(
            "insert into snowflake.account_usage.warehouse_metering_history "
            "values ('2026-06-01 02:00:00', %(name)s, %(credits)s)",
            {"name": name, "credits": credits},
        )


@pytest.fixture(scope="module")
def dbt(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    with parsed(stack, tmp_path_factory.mktemp("dbt"), *USAGE) as project:
        yield project


def test_every_credit_is_charged_to_a_run_to_somebody_or_to_idling(account_usage: Warehouse, dbt: Dbt) -> None:
    dbt.run("build", "--select", "run_costs", *USAGE)
    rows = account_usage.execute(
        "select charged_to, run_id, model_name, query_count, compute_credits from marts.run_costs order by 1, 3, 5"
    ).fetchall()
    assert rows == [
        ("build_marts", "r2", "fct_orders", 1, Decimal("0.5")),
        ("build_marts", "r2", "fct_sessions", 1, Decimal("0.75")),
        ("idle", None, None, 0, Decimal("0.0625")),
        ("idle", None, None, 0, Decimal("0.25")),
        ("idle", None, None, 0, Decimal("0.25")),
        ("ingest_orders", "r1", None, 1, Decimal("0.25")),
        ("untagged", None, None, 2, Decimal("0.1875")),
    ]


def test_a_query_that_is_charged_twice_is_found_out(account_usage: Warehouse, dbt: Dbt) -> None:
    dbt.run("run", "--select", "run_costs", *USAGE)
    account_usage.execute("insert into marts.run_costs select * from marts.run_costs where charged_to = 'build_marts'")
    with pytest.raises(AssertionError, match="run_costs_add_up_to_what_the_warehouses_used"):
        dbt.run("test", "--select", "run_costs,test_type:data", *USAGE)


def test_the_query_of_the_document_says_what_a_run_cost(account_usage: Warehouse) -> None:
    [query] = re.findall(r"```sql\n(.*?query_attribution_history.*?)```", GUIDE.read_text(), re.DOTALL)
    rows = account_usage.execute(query.strip().rstrip(";").replace("current_date", "'2026-06-03'::date")).fetchall()
    assert rows == [
        (date(2026, 6, 1), "build_marts", "r2", Decimal("1.25")),
        (date(2026, 6, 1), "ingest_orders", "r1", Decimal("0.25")),
    ]


def test_without_access_to_the_accounts_usage_there_is_no_such_model(stack: Stack, tmp_path: Path) -> None:
    with parsed(stack, tmp_path) as project:
        assert "run_costs" not in {node.name for node in project.manifest.nodes.values()}


def test_a_session_of_a_task_is_charged_to_its_run_and_another_to_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "snowflake.connector.connect", lambda **options: opened.append(options) or SimpleNamespace(close=bool)
    )
    with open_warehouse("bootstrap"), set_current_context({"ti": TASK}), open_warehouse("land"):  # type: ignore[typeddict-item]
        tags = [json.loads(options["session_parameters"]["QUERY_TAG"]) for options in opened]
    assert tags == [{"job": "bootstrap"}, {"dag": TASK.dag_id, "task": TASK.task_id, "run": TASK.run_id}]


def test_what_dbt_runs_for_a_task_is_charged_to_its_run_and_model(
    warehouse: Warehouse, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.transform import PROJECT

    tag = PROJECT.env_vars["DBT_ENV_CUSTOM_ENV_QUERY_TAG"]
    for field, value in (("dag.dag_id", "build_marts"), ("task.task_id", "dbt.producer"), ("run_id", "r1")):
        assert f"{{{{ {field} }}}}" in tag
        tag = tag.replace(f"{{{{ {field} }}}}", value)
    monkeypatch.setenv("DBT_ENV_CUSTOM_ENV_QUERY_TAG", tag)
    monkeypatch.setattr("dbt_common.events.functions.metadata_vars", None)  # read once a process
    with parsed(stack, tmp_path) as project:
        project.run("run", "--select", "stg_orders", "--log-level-file", "debug")
    statements = (tmp_path / "dbt.log").read_text()
    [told] = set(re.findall(r"alter session set query_tag = '(\{.*?\})'", statements))
    assert json.loads(told) == {"dag": "build_marts", "task": "dbt.producer", "run": "r1", "model": "stg_orders"}
