"""The way of a batch against the local stack: rows made by a test, through lake, landing, gate and publish."""

import itertools
import json
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include import clients, config, lake
from include.bootstrap import bootstrap, state
from include.contracts import contract
from include.contracts.conform import arrow_schema
from include.gate import Verdict
from include.gating import check
from include.landing import LandedBatch, land
from include.publish import Published, Run, publish
from include.warehouse import Warehouse, open_warehouse
from include.window import Window, midnight
from local.stack import Stack
from tests.built import running_stack
from tests.pipeline import airflow_runs, rows
from tests.pipeline.channels import Channels

DATASET = "simulated:customers=60,days=14,seed=3,end=2026-06-30"
LONDON = ZoneInfo("Europe/London")
RUN = Run("ingest_test", "manual__test", "test")
_numbers = itertools.count(1)
_import = secrets.token_hex(3)  # pytest and the tests may import this file under two names, each with its own numbers
_looks = itertools.count(1)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack with a small shop and the pipeline's tables; connections to it stand in the environment."""
    filled = running_stack("empty", DATASET, make_tables, tmp_path_factory)
    with filled as running, pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "DATA_DOCS_DIR", tmp_path_factory.mktemp("data_docs"))
        yield running


def make_tables(stack: Stack) -> None:
    """What a stack of these tests begins with; their names are kept beside it."""
    with open_warehouse("test") as session:
        names = bootstrap(session)  # an extract asks the list of erased customers
    names_file().write_text(json.dumps(names))


def names_file() -> Path:
    """Where the names of the tables stand, in the state of a stack and of its copies."""
    return Path(os.environ["LOCAL_STATE"]) / "tables.json"


@dataclass(frozen=True)
class Tables:
    """The pipeline's tables as bootstrap makes them: their names, and the columns of each."""

    names: list[str]
    columns: dict[str, set[str]]

    def make_whole(self, session: Warehouse) -> None:
        """Bring back what a test has taken away. What it left beside, as landing tables of schema pii, is no matter."""
        held = state(session)
        if any(held.get(table) != columns for table, columns in self.columns.items()):
            bootstrap(session)

    def empty(self, session: Warehouse) -> None:
        """Take out the rows of a test before."""
        each = (f"select '{name}' where exists (select 1 from {name})" for name in self.names)
        for (name,) in session.execute(" union all ".join(each)).fetchall():
            session.execute(f"truncate table {name}")


@pytest.fixture(scope="package")
def tables(stack: Stack) -> Tables:
    with open_warehouse("test") as session:
        return Tables(json.loads(names_file().read_text()), state(session))


@pytest.fixture
def warehouse(tables: Tables) -> Iterator[Warehouse]:
    """A session on empty tables."""
    with open_warehouse("test") as session:
        tables.make_whole(session)
        tables.empty(session)
        yield session


@dataclass
class Pipeline:
    """Takes rows of a table the whole way."""

    warehouse: Warehouse

    def look(self) -> datetime:
        """When a source is looked at: each time later than before."""
        return datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=next(_looks))

    def land(
        self,
        table: str,
        made: list[dict[str, Any]],
        days: list[lake.DayVersion] | None = None,
        run: str | None = None,
        day: date = date(2026, 6, 1),
        extracted_at: datetime | None = None,
    ) -> LandedBatch:
        """Rows as a landed batch of a day, read at a moment or just now; batches of one `run` belong together."""
        manifest = self._write(table, made, days, run, day, extracted_at)
        return land(self.warehouse, manifest, contract(table))

    def write(
        self, table: str, made: list[dict[str, Any]], days: list[lake.DayVersion] | None = None
    ) -> dict[str, Any]:
        """Rows as a batch of 1 June in the lake, as the task `extract` hands it on."""
        manifest = self._write(table, made, days)
        return {"table": table, "folder": manifest.folder, "rows": manifest.rows}

    def _write(
        self,
        table: str,
        made: list[dict[str, Any]],
        days: list[lake.DayVersion] | None = None,
        run: str | None = None,
        day: date = date(2026, 6, 1),
        extracted_at: datetime | None = None,
    ) -> lake.Manifest:
        import pyarrow as pa

        agreed = contract(table)
        numbered = [{"_extra": None, **row, "_row_number": number} for number, row in enumerate(made, 1)]
        batches = [pa.RecordBatch.from_pylist(numbered, schema=arrow_schema(agreed))]
        window = Window(midnight(day, LONDON), midnight(day + timedelta(days=1), LONDON), LONDON)
        batch_id = f"{table}__{run or f'test_{_import}_{next(_numbers)}'}"
        return lake.write(
            clients.lake_client(),
            config.LAKE_BUCKET,
            batches,
            agreed,
            window,
            batch_id,
            days or [],
            extracted_at=extracted_at or self.look(),
        )

    def gate(self, batch: LandedBatch) -> Verdict:
        """Verdict of the table's own suite."""
        return check(self.warehouse, batch)[0]

    def load(
        self,
        table: str,
        made: list[dict[str, Any]],
        days: list[lake.DayVersion] | None = None,
        day: date = date(2026, 6, 1),
        extracted_at: datetime | None = None,
    ) -> Published:
        """Rows published without a gate, as one batch of a day."""
        batch = self.land(table, made, days, day=day, extracted_at=extracted_at)
        published = publish(self.warehouse, batch, RUN, rejected=0)
        assert published is not None
        return published

    def held(self, table: str) -> list[tuple]:
        """Business columns of the published rows, in order."""
        agreed = contract(table)
        names = ", ".join(agreed.column_names)
        return self.warehouse.execute(f"select {names} from {agreed.target} order by {names}").fetchall()

    def count(self, relation: str) -> int:
        """Rows of a table."""
        return self.warehouse.execute(f"select count(*) from {relation}").fetchall()[0][0]


@pytest.fixture
def pipeline(warehouse: Warehouse) -> Pipeline:
    return Pipeline(warehouse)


@pytest.fixture
def day_of() -> Any:
    """A DayVersion of an export at an hour of 1 July."""
    return lambda day, hour: lake.DayVersion(date(2026, 6, day).isoformat(), rows.exported(hour).isoformat())


@pytest.fixture(scope="package", autouse=True)
def quiet_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An Airflow home of the tests' own: connections come from the environment."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        yield home


@pytest.fixture(scope="package")
def airflow_metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty metadata database of Airflow, to be copied."""
    return airflow_runs.migrated(tmp_path_factory.mktemp("airflow_metadata"))


@pytest.fixture
def data_docs_built() -> None:
    """Asked for by tests that look at Data Docs."""


@pytest.fixture(autouse=True)
def only_wanted_data_docs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data Docs take half of a gate's time: they are built where a test looks at them."""
    # To import Great Expectations takes seconds: the first gate of all does, and builds its pages.
    if "data_docs_built" not in request.fixturenames and "great_expectations" in sys.modules:
        context = "great_expectations.data_context.data_context.abstract_data_context.AbstractDataContext"
        monkeypatch.setattr(f"{context}.build_data_docs", lambda *_, **__: {})


@pytest.fixture
def no_kept_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The catalog's pages are kept for this test alone."""
    monkeypatch.setattr(config, "HTTP_CACHE_DIR", tmp_path / "http")


@pytest.fixture
def one_client_of_the_lake(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of many batches: to make a client takes as long as to load a small one."""
    monkeypatch.setattr(clients, "lake_client", cache(clients.lake_client))


@pytest.fixture
def channels(stack: Stack, warehouse: Warehouse) -> Channels:
    """What arrives at Slack and by mail from now on."""
    arrived = Channels(stack, Path(os.environ["LOCAL_STATE"]) / "smtp")
    arrived.begin()
    return arrived
