"""Faults of what the pipeline speaks to at its end: Slack and Looker come round after a moment, or fail nothing."""

from include import alerts
from include.alert_messages import Alert
from tests.pipeline.shop import Services, services

__all__ = ["services"]

FAILED = Alert("task_failed", "ingest_orders.orders.extract", "SourceError", where="DAG ingest_orders", run_id="r1")


def test_slack_is_waited_for_as_long_as_it_says_and_told_once(channels, services: Services, monkeypatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("slack_sdk.http_retry.builtin_handlers.time.sleep", slept.append)
    services.fail("slack", status=429, retry_after=7)
    services.fail("slack", status=500)
    assert alerts.raise_alert(FAILED)
    assert services.pending() == []
    assert [len(arrived) for arrived in channels.headlines()] == [1, 1]
    assert len(slept) >= 1 and 7 <= slept[0] < 9
