"""What a runbook names exists: commands as Airflow's own parser reads them, DAGs, tasks, params, settings, files."""

import json
import re
import shlex
from pathlib import Path

import pytest
from airflow.cli.cli_parser import get_parser
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization

from include import config
from include.alert_messages import KINDS
from include.contracts import all_contracts
from include.expectations import LIMITS

REPOSITORY = Path(__file__).parents[2]
RUNBOOKS = sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))
RUNBOOKS_BY_NAME = {path.stem: path for path in RUNBOOKS}
SOURCES = sorted({agreed.source for agreed in all_contracts()})
FILLED = {
    "<dag>": "ingest_orders",
    "<source>": "orders",
    "<table>": "orders",
    "<task>": "orders.extract",
    "<SOURCE>": "ORDERS",
    "<run id>": "scheduled__2026-06-01T00:00:00+00:00",
    "<day>": "2026-06-01",
    "<first day>": "2026-06-01",
    "<day after the last>": "2026-06-02",
}
# Columns, keys of a suite, a connection, a schema; what else is named is looked up.
WORDS = {"updated_at", "_deleted_at", "trouble", "limits", *LIMITS, config.LOOKER, "pii", "raw"}


@pytest.fixture(scope="module")
def bag(manifest: Path) -> DagBag:
    return DagBag(REPOSITORY / "dags", collect_dags=True)


def spans(path: Path) -> list[str]:
    """What a runbook sets in code, without its blocks, placeholders filled."""
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    found = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]
    return [filled(span) for span in found]


def filled(text: str) -> str:
    for name, value in FILLED.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_what_a_runbook_names_exists(bag, path):
    unknown = [span for span in spans(path) if not exists(span, bag)]
    assert not unknown
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    assert not [link for link in links if not (path.parent / link).exists()]


def exists(span: str, bag: DagBag) -> bool:
    """Whether there is what a span of code names."""
    if span.startswith("airflow "):
        return is_command(span, bag)
    if span.startswith("GET /api/v2/"):
        return span.removeprefix("GET /api/v2/") in api_paths()
    if span.startswith("--"):
        return any(f"{span} " in each for each in spans(RUNBOOKS_BY_NAME["task_failed"]) if each.startswith("airflow "))
    if span.startswith("make "):
        return f"\n{span.removeprefix('make ')}:" in (REPOSITORY / "Makefile").read_text()
    if span.startswith("select "):
        return True  # tests/pipeline/test_runbooks.py runs it
    if span.endswith(".md"):
        return (REPOSITORY / "docs" / "runbooks" / span).is_file()
    if "/" in span:
        return (REPOSITORY / span).is_file()
    if span.startswith("audit."):
        return (config.SQL_DIR / "ddl" / f"{span.replace('.', '_')}.sql").is_file()
    if span.isupper():
        setting = re.sub(rf"_({'|'.join(name.upper() for name in SOURCES)})$", "", span)
        return hasattr(config, setting)
    tasks = {task_id for dag in bag.dags.values() for task_id in dag.task_ids}
    steps = {task_id.split(".")[-1] for task_id in tasks if task_id.count(".") == 1}
    params = {name for dag in bag.dags.values() for name in dag.params}
    kind, _, subject = span.partition(":")
    if subject:
        dag_id, _, task_id = subject.partition(".")
        return kind in KINDS and bag.dags[dag_id].has_task(task_id)
    return span in {*bag.dags, *tasks, *steps, *params, *KINDS, *WORDS}


def is_command(span: str, bag: DagBag) -> bool:
    """Whether Airflow reads the command and the DAG and its conf fit."""
    arguments = get_parser().parse_args(shlex.split(span)[1:])  # exits where an option does not exist
    dag = bag.dags[arguments.dag_id]
    if getattr(arguments, "task_regex", None):
        assert dag_of_database(dag).partial_subset(arguments.task_regex, include_downstream=True).task_ids, span
    if getattr(arguments, "conf", None):
        assert set(json.loads(arguments.conf)) <= set(dag.params), span
    return True


def dag_of_database(dag: DAG) -> SerializedDAG:
    """The DAG as commands find it in Airflow's database."""
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


def api_paths() -> set[str]:
    from airflow.api_fastapi.core_api.routes.public import public_router

    return {route.path.removeprefix("/api/v2/") for route in public_router.routes}


def test_what_does_not_exist_is_found_out(bag):
    for span in ("airflow dags trigger ingest_people", "watch_fresh", "task_failed:ingest_orders.orders.load"):
        with pytest.raises((AssertionError, KeyError, SystemExit)):
            assert exists(span, bag)
    for span in (
        "airflow tasks clear ingest_orders --tasks x",
        "airflow tasks clear ingest_orders --task-regex '^orders.extract$'",
        "airflow dags trigger ingest_orders --conf '{\"from\": 1}'",
    ):
        with pytest.raises((AssertionError, SystemExit)):
            exists(span, bag)
    nothing = (
        "NO_SUCH_SETTING",
        "include/expectations/people.yml",
        "GET /api/v2/health",
        "make statuses",
        "audit.load",
        "row_limit",
    )
    for span in nothing:
        assert not exists(span, bag)
