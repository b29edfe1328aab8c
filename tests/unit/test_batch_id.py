"""The name of a batch tells tries apart, and a run from one of the same id that was there before."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from include import ingest, replaying
from include.replay import Choice
from include.window import Window, midnight

LONDON = ZoneInfo("Europe/London")
WINDOW = Window(midnight(date(2026, 6, 1), LONDON), midnight(date(2026, 6, 2), LONDON), LONDON)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch):
    """The batch id of a try of a run that began at an hour."""

    def name(table: str = "orders", try_number: int = 1, hour: int = 0) -> str:
        instance = SimpleNamespace(dag_id="ingest_orders", run_id="scheduled__2026-06-01", try_number=try_number)
        run = SimpleNamespace(start_date=datetime(2026, 6, 2, hour, tzinfo=UTC))
        monkeypatch.setattr(ingest, "get_current_context", lambda: {"ti": instance, "dag_run": run})
        return ingest.batch_id(table, WINDOW)

    return name


def test_a_try_has_a_name_of_its_own_and_keeps_it(named):
    assert named() == named()
    assert named() != named(try_number=2)


def test_a_run_that_was_deleted_and_made_again_makes_other_batches(named):
    assert named() != named(hour=5)


def test_a_replay_is_named_like_a_batch(monkeypatch):
    def name(try_number: int = 1, hour: int = 0, reason: str | None = None) -> str:
        instance = SimpleNamespace(dag_id="replay_quarantine", run_id="manual__1", try_number=try_number)
        run = SimpleNamespace(start_date=datetime(2026, 6, 2, hour, tzinfo=UTC))
        monkeypatch.setattr(replaying, "get_current_context", lambda: {"ti": instance, "dag_run": run})
        return replaying._batch_id(Choice("orders", reason))

    assert name() == name()
    assert len({name(), name(try_number=2), name(hour=5), name(reason="bad_currency")}) == 4


def test_batches_of_one_run_differ_in_their_table_alone(named):
    assert named("orders").removeprefix("orders") == named("refunds").removeprefix("refunds")
