"""Faults of what the pipeline speaks to at its end: Slack and Looker come round after a moment, or fail nothing."""

import os
from pathlib import Path

import pytest

from include import alerts, http_session
from include.alert_messages import Alert
from include.looker import looker_client, warm
from tests.pipeline.channels import Channels
from tests.pipeline.shop import Services, services

__all__ = ["services"]

FAILED = Alert("task_failed", "ingest_orders.orders.extract", "SourceError", where="DAG ingest_orders", run_id="r1")


@pytest.fixture
def channels(stack, warehouse) -> Channels:
    arrived = Channels(stack, Path(os.environ["LOCAL_STATE"]) / "smtp")
    arrived.begin()
    return arrived


def test_slack_is_waited_for_as_long_as_it_says_and_told_once(channels, services: Services, monkeypatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("slack_sdk.http_retry.builtin_handlers.time.sleep", slept.append)
    services.fail("slack", status=429, retry_after=7)
    services.fail("slack", status=500)
    assert alerts.raise_alert(FAILED)
    assert services.pending() == []
    assert [len(arrived) for arrived in channels.headlines()] == [1, 1]
    assert len(slept) >= 1 and 7 <= slept[0] < 9


def test_looker_is_asked_again_and_its_cache_is_warm(stack, services: Services, monkeypatch) -> None:
    monkeypatch.setattr(http_session, "BACKOFF_SECONDS", 0.01)
    for path in ("/login", "/dashboards", "/queries"):
        services.fail("looker", status=503, path_contains=path)
    warmed = warm(looker_client())
    assert services.pending() == []
    assert len(warmed) > 1 and not [query for query in warmed if query.error]


def test_looker_that_stays_down_is_told_by_query(stack, services: Services, monkeypatch) -> None:
    monkeypatch.setattr(http_session, "BACKOFF_SECONDS", 0.01)
    services.fail("looker", status=503, path_contains="/queries", times=500)
    warmed = warm(looker_client())
    assert warmed and all("503" in (query.error or "") for query in warmed)
