"""Loads of the same days at the same time end in the rows of one load."""

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import count

import pytest
from snowflake.connector.errors import ProgrammingError

from include import batches
from include.contracts import contract
from include.landing import land
from include.publish import ConservationError, Run, publish
from include.warehouse import Warehouse, open_warehouse
from include.window import Window, midnight
from tests.pipeline.conftest import LONDON, Pipeline
from tests.pipeline.rows import MAKERS
from tests.pipeline.shop import OrderDatabase, order_db

__all__ = ["order_db"]
pytestmark = pytest.mark.usefixtures("one_client_of_the_lake", "no_kept_pages")

DAYS = [date(2026, 6, 20) + timedelta(days=number) for number in range(10)]
# Another order of the days, in which some have the same place: those are published at the same moment.
SWAPPED = [DAYS[place] for place in (0, 2, 1, 3, 5, 4, 6, 8, 7, 9)]
TRIES = 5
TOGETHER_SECONDS = 60
_numbers = count(1)


def span(first: date, days: int = 1) -> Window:
    return Window(midnight(first, LONDON), midnight(first + timedelta(days=days), LONDON), LONDON)


def load(warehouse: Warehouse, table: str, window: Window, before_publish: Callable[[], object] = lambda: None) -> None:
    """One batch, tried again where the warehouse refuses as Airflow would try it."""
    manifest = batches.extract(table, window, f"{table}__together_{next(_numbers)}")
    batch = land(warehouse, manifest, contract(table))
    before_publish()
    for number in range(1, TRIES + 1):
        try:
            publish(warehouse, batch, Run("ingest_test", f"run_{manifest.window_start}", "test"), rejected=0)
            return
        except (ConservationError, ProgrammingError):
            if number == TRIES:
                raise


class Together:
    """Runs loads in threads with sessions of their own; a failure in one is raised in the test."""

    def __init__(self, runs: int) -> None:
        self.meeting = threading.Barrier(runs)
        self.failures: list[BaseException] = []

    def run(self, *work: Callable[[Warehouse], None]) -> None:
        threads = [threading.Thread(target=self._work, args=(each,)) for each in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def meet(self) -> None:
        self.meeting.wait(timeout=TOGETHER_SECONDS)

    def _work(self, work: Callable[[Warehouse], None]) -> None:
        try:
            with open_warehouse("one of several") as session:
                work(session)
        except BaseException as failure:
            self.failures.append(failure)
            self.meeting.abort()


def backfill(together: Together, table: str, days: Sequence[date]) -> Callable[[Warehouse], None]:
    def run(session: Warehouse) -> None:
        for day in days:
            load(session, table, span(day), together.meet)

    return run


def unbalanced(pipeline: Pipeline) -> list[tuple]:
    return pipeline.warehouse.execute("""
        select batch_id from audit.loads
        where extracted_rows != landed_rows
            or landed_rows != inserted_rows + updated_rows + superseded_rows + quarantined_rows
            or extracted_money != inserted_money + updated_money + superseded_money + quarantined_money
    """).fetchall()


@pytest.fixture(autouse=True)
def orders_of_ten_days(order_db: OrderDatabase) -> None:
    """A few rows a day; those of its last hour are read again by the next."""
    for day in DAYS:
        for hours in (0.1, 9, 23.5):
            at = midnight(day, LONDON) + timedelta(hours=hours)
            key = f"{at:%d-%H}"
            order_db.put("orders", key, ordered_at=at, updated_at=at)
            order_db.put("order_items", key, order_id=key, updated_at=at)
            order_db.put("refunds", key, order_id=key, refunded_at=at, updated_at=at)


@pytest.mark.parametrize("table", sorted(MAKERS))
def test_two_backfills_of_the_same_ten_days_end_in_the_rows_of_one_load(pipeline: Pipeline, table: str) -> None:
    load(pipeline.warehouse, table, span(DAYS[0], len(DAYS)))
    expected = pipeline.held(table)
    for relation in (contract(table).target, "audit.loads", "audit.published_days"):
        pipeline.warehouse.execute(f"truncate table {relation}")
    together = Together(2)
    together.run(backfill(together, table, DAYS), backfill(together, table, SWAPPED))
    assert pipeline.held(table) == expected
    assert len(expected) > 0
    assert pipeline.count("audit.loads") == 2 * len(DAYS)
    assert unbalanced(pipeline) == []


def test_a_manual_run_beside_a_scheduled_one_ends_in_the_rows_of_one_load(pipeline: Pipeline) -> None:
    load(pipeline.warehouse, "orders", span(DAYS[3], 3))
    expected = pipeline.held("orders")
    pipeline.warehouse.execute("truncate table staging.orders")
    together = Together(2)
    together.run(
        lambda session: load(session, "orders", span(DAYS[3], 3), together.meet),  # by hand
        lambda session: load(session, "orders", span(DAYS[4]), together.meet),  # as scheduled
    )
    assert pipeline.held("orders") == expected
    assert unbalanced(pipeline) == []
