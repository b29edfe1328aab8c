"""Reconciling the order database with staging: what a load missed is found and loaded, what was deleted is named."""

from datetime import date
from typing import Any

import pytest

from include import batches
from include.contracts import contract
from include.landing import land
from include.publish import publish
from include.reconcile import Reconciliation, reconcile, reload_days
from include.window import Window, midnight, run_window
from tests.pipeline.conftest import LONDON, RUN, Pipeline

WINDOW = Window(midnight(date(2026, 6, 17), LONDON), midnight(date(2026, 7, 1), LONDON), LONDON)
TABLES = {"orders": "ordered_at", "order_items": "ordered_at", "refunds": "refunded_at"}


def load(pipeline: Pipeline, table: str, window: Window, number: int = 1) -> None:
    """A window of the order database, published without a gate."""
    batch = land(pipeline.warehouse, batches.extract(table, window, f"{table}__reconcile_{number}"), contract(table))
    publish(pipeline.warehouse, batch, RUN, rejected=0)


def reconciled(pipeline: Pipeline, table: str) -> Reconciliation:
    return reconcile(pipeline.warehouse, table, WINDOW)


@pytest.fixture(params=TABLES)
def loaded(pipeline: Pipeline, request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """A table whose days agree with the source, its key and the column its days are of."""
    load(pipeline, request.param, WINDOW)
    agreed = reconciled(pipeline, request.param)
    assert agreed.days and not agreed.differences and agreed.reload is None, str(agreed)
    assert agreed.compared == (date(2026, 6, 17), date(2026, 6, 30))
    return request.param, contract(request.param).key[0], TABLES[request.param]


def test_a_row_that_a_load_missed_comes_with_the_span_that_reconciling_names(
    pipeline: Pipeline, loaded: tuple[str, str, str]
) -> None:
    table, key, day = loaded
    [missed] = pipeline.warehouse.execute(
        f"select {key} from staging.{table} order by datediff('second', {day}, updated_at) desc limit 1"
    ).fetchall()
    before = pipeline.held(table)
    pipeline.warehouse.execute(f"delete from staging.{table} where {key} = %(key)s", {"key": missed[0]})
    found = reconciled(pipeline, table)
    [difference] = found.differences
    assert (difference.source[0] - difference.warehouse[0], difference.gone) == (1, 0)
    assert found.reload is not None
    start, end = reload_days(found.reload)
    load(pipeline, table, run_window({"start": str(start), "end": str(end)}, None, None, LONDON), 2)
    assert not reconciled(pipeline, table).differences
    assert pipeline.held(table) == before


def test_rows_that_the_source_no_longer_has_are_named_and_kept(
    pipeline: Pipeline, loaded: tuple[str, str, str]
) -> None:
    table, key, _ = loaded
    columns: Any = [name for name in contract(table).column_names if name != key]
    columns = ", ".join([*columns, "_extra", "_batch_id", "_row_hash", "_published_at"])
    pipeline.warehouse.execute(
        f"insert into staging.{table} ({key}, {columns}) select 'gone', {columns} from staging.{table} limit 1"
    )
    held = pipeline.held(table)
    found = reconciled(pipeline, table)
    assert (len(found.differences), found.gone) == (1, 1)
    assert "1 key(s) are gone from the source" in str(found)
    assert pipeline.held(table) == held
