"""`make bootstrap`: all of include/sql/ddl, as often as one likes, and what it says."""

from collections.abc import Iterator

import pytest

from include import bootstrap
from include.config import SQL_DIR
from include.contracts import all_contracts
from include.warehouse import Warehouse
from tests.pipeline.conftest import Pipeline
from tests.pipeline.rows import order


@pytest.fixture
def bare(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse without a table of the pipeline, as Terraform leaves it; whole again at the end."""
    for name in bootstrap.bootstrap(warehouse):
        warehouse.execute(f"drop table {name}")
    warehouse.execute("drop view audit.quarantine_summary")
    yield warehouse
    bootstrap.bootstrap(warehouse)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Its lines, without what Airflow logs to the same place."""
    bootstrap.main()
    return [line for line in capsys.readouterr().out.splitlines() if not line[:4].isdigit()]


def test_it_makes_every_table_once_and_says_which(bare: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    before = bootstrap.state(bare)
    *made, ready = said(capsys)
    expected = {f"created: {place}" for agreed in all_contracts() for place in (agreed.target, agreed.quarantine)}
    assert expected | {"created: audit.loads", "created: audit.quarantine_summary"} <= set(made)
    assert [line for line in made if not line.startswith("created: ")] == []
    assert ready == f"ready: {len(made) - 1} tables and the view audit.quarantine_summary"
    assert {f"created: {name}" for name in bootstrap.state(bare).keys() - before.keys()} == set(made)


def test_again_it_changes_nothing_and_keeps_the_rows(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.load("orders", [order("O1")])
    held, before = pipeline.held("orders"), bootstrap.state(pipeline.warehouse)
    for _ in range(2):
        assert said(capsys)[0] == "nothing to do"
    assert pipeline.held("orders") == held
    assert bootstrap.state(pipeline.warehouse) == before


def test_a_table_of_an_older_version_is_given_what_it_lacks(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.execute("alter table staging.orders drop column _absent_at")
    for table in ("staging.orders", "quarantine.orders"):
        warehouse.execute(f"alter table {table} drop column channel")
    for column in ("claimed_at", "trouble"):
        warehouse.execute(f"alter table audit.alerts drop column {column}")
    assert said(capsys)[:3] == [
        "added to audit.alerts: claimed_at, trouble",
        "added to quarantine.orders: channel",
        "added to staging.orders: _absent_at, channel",
    ]
    assert said(capsys)[0] == "nothing to do"


def test_it_runs_every_file_of_the_tables(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = set()
    run = Warehouse.run

    def noted(session: Warehouse, file: str, *arguments, **names):
        ran.add(file)
        return run(session, file, *arguments, **names)

    warehouse.execute("alter table staging.orders drop column _absent_at")  # a whole table needs no column added
    monkeypatch.setattr(Warehouse, "run", noted)
    bootstrap.bootstrap(warehouse)
    assert {file for file in ran if file.startswith("ddl/")} == {
        f"ddl/{file.name}" for file in (SQL_DIR / "ddl").glob("*.sql")
    }


def test_no_statement_of_it_replaces_a_table() -> None:
    for file in (SQL_DIR / "ddl").glob("*.sql"):
        text = file.read_text().lower()
        assert "if not exists" in text or "create or replace view" in text, file.name
