"""Alerts on the way to Slack and the mail server: told once, counted, reminded of, recovered."""

import json
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include import alert_log, alerts, config
from include.alert_log import REMIND_AFTER, SENDING, Recovery
from include.alert_messages import Alert
from tests.pipeline.channels import text_of

NOW = datetime.now(UTC)
FAILED = Alert("task_failed", "ingest_orders.orders.extract", "SourceError", where="DAG ingest_orders", run_id="r1")
HEADLINE = "Task failed: ingest_orders.orders.extract"


def rows(warehouse, columns: str = "alert_key, occurrence_count, recovered_at is not null") -> list[tuple]:
    return warehouse.execute(f"select {columns} from audit.alerts order by first_seen_at, alert_key").fetchall()


def test_an_alert_is_told_once_on_each_channel_and_then_counted(channels, warehouse):
    assert alerts.raise_alert(FAILED)
    assert not alerts.raise_alert(replace(FAILED, run_id="r2"))
    assert channels.headlines() == ([HEADLINE], [HEADLINE])
    assert rows(warehouse, "alert_key, occurrence_count, first_run_id, run_id, notified_at is not null") == [
        ("task_failed:ingest_orders.orders.extract", 2, "r1", "r2", True)
    ]
    [mail] = channels.mail()
    assert mail["To"] == config.ALERT_EMAIL
    assert "docs/runbooks/task_failed.md" in text_of(mail)


def test_another_key_is_another_alert(channels, warehouse):
    alerts.raise_alert(FAILED)
    alerts.raise_alert(replace(FAILED, subject="ingest_orders.refunds.extract"))
    assert [len(arrived) for arrived in channels.headlines()] == [2, 2]
    assert len(rows(warehouse)) == 2


def test_it_is_told_again_when_it_has_been_open_for_a_day(channels, warehouse):
    alerts.raise_alert(FAILED)
    warehouse.execute(
        "update audit.alerts set claimed_at = %(told)s, notified_at = %(told)s, first_seen_at = %(told)s",
        {"told": (NOW - REMIND_AFTER - timedelta(minutes=1)).replace(tzinfo=None)},
    )
    assert alerts.raise_alert(FAILED)
    assert not alerts.raise_alert(FAILED)
    assert channels.headlines() == ([HEADLINE, f"Still open: {HEADLINE}"],) * 2


def test_two_that_raise_a_key_at_once_send_one_message(channels, warehouse):
    together = threading.Barrier(6)
    told: list[bool] = []

    def raise_one() -> None:
        together.wait()
        told.append(alerts.raise_alert(FAILED))

    threads = [threading.Thread(target=raise_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 5 + [True]
    assert channels.headlines() == ([HEADLINE], [HEADLINE])
    assert rows(warehouse) == [(FAILED.key, 6, False)]


def test_new_trouble_under_an_open_alert_is_told_at_once_and_once(channels, warehouse):
    for trouble in ({"a"}, {"a"}, {"b"}, {"a"}, {"a", "b"}):
        alerts.raise_alert(replace(FAILED, trouble=frozenset(trouble)))
    assert channels.headlines() == ([HEADLINE, f"New trouble: {HEADLINE}"],) * 2
    assert rows(warehouse, "occurrence_count, trouble") == [(5, '["a", "b"]')]


def test_an_alert_whose_process_died_before_it_was_sent_is_told_by_the_next_look(channels, warehouse, monkeypatch):
    def die(message: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(alerts, "_send", die)
        alerts.raise_alert(FAILED)
    assert not alerts.raise_alert(FAILED)  # for all it knows, the first is still sending
    claimed = (NOW - SENDING).replace(tzinfo=None)
    warehouse.execute("update audit.alerts set claimed_at = %(claimed)s", {"claimed": claimed})
    assert alerts.raise_alert(FAILED)
    assert not alerts.raise_alert(FAILED)
    assert channels.headlines() == ([HEADLINE], [HEADLINE])


def test_an_end_that_no_channel_took_is_told_by_the_next_who_sees_it(channels, warehouse, monkeypatch):
    alerts.raise_alert(FAILED)
    with monkeypatch.context() as down:
        down.setattr(alerts, "_send", lambda message: False)
        assert alerts.recover(FAILED.key) == 0
    assert rows(warehouse) == [(FAILED.key, 1, False)]
    assert alerts.recover(FAILED.key) == 1
    assert channels.headlines() == ([HEADLINE, f"Recovered: {HEADLINE}"],) * 2


def test_a_recovery_closes_the_alert_and_is_told_once(channels, warehouse):
    alerts.raise_alert(FAILED)
    alerts.raise_alert(FAILED)
    later = Recovery("r2", datetime.now(UTC) + timedelta(minutes=1))
    assert alerts.recover("task_failed:ingest_orders.*", by=later) == 1
    assert alerts.recover("task_failed:ingest_orders.*", by=later) == 0
    assert channels.headlines() == ([HEADLINE, f"Recovered: {HEADLINE}"],) * 2
    assert "seen 2 times" in channels.slack()[-1]["blocks"][1]["text"]["text"]
    assert rows(warehouse) == [(FAILED.key, 2, True)]
    assert alerts.raise_alert(FAILED)  # what fails anew is told anew
    assert rows(warehouse) == [(FAILED.key, 2, True), (FAILED.key, 1, False)]


def test_a_run_that_began_before_the_alert_does_not_close_it(channels, warehouse):
    alerts.raise_alert(FAILED)
    assert alerts.recover(FAILED.key, by=Recovery("r2", NOW - timedelta(hours=1))) == 0
    assert alerts.recover(FAILED.key, by=Recovery("r1", NOW - timedelta(hours=1))) == 1


def test_nothing_open_sends_nothing(channels, warehouse):
    assert alerts.recover("late:orders") == 0
    assert channels.headlines() == ([], [])


def test_the_other_channel_is_tried_when_one_is_down(channels, warehouse, monkeypatch, caplog):
    channels.break_slack(times=5)
    assert alerts.raise_alert(FAILED)
    assert channels.headlines() == ([], [HEADLINE])
    channels.begin()
    port = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(port))
    other = replace(FAILED, subject="ingest_crm.announce")
    assert alerts.raise_alert(other)
    assert channels.headlines() == (["Task failed: ingest_crm.announce"], [])
    assert "E-mail did not take" in caplog.text
    assert "Slack did not take" in caplog.text
    assert "B00000000" not in caplog.text  # the webhook's address is a secret


def test_an_alert_that_nobody_took_is_told_the_next_time_and_is_no_news_when_it_is_over(
    channels, warehouse, monkeypatch
):
    working = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(json.loads(working) | {"port": 1}))
    channels.break_slack(times=5)
    assert not alerts.raise_alert(FAILED)
    assert rows(warehouse, "notified_at") == [(None,)]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", working)
    channels.begin()
    assert alerts.recover(FAILED.key) == 1
    assert channels.headlines() == ([], [])
    alerts.raise_alert(FAILED)
    assert channels.headlines() == ([HEADLINE], [HEADLINE])


def test_without_the_warehouse_it_is_told_every_time_and_nothing_fails(channels, warehouse, monkeypatch, caplog):
    lost = json.loads(os.environ["AIRFLOW_CONN_WAREHOUSE"])
    lost["extra"]["port"] = 1
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(lost))
    monkeypatch.setattr(alert_log, "LOGIN_SECONDS", 1)
    assert alerts.raise_alert(FAILED)
    assert alerts.recover(FAILED.key) == 0
    assert channels.headlines() == ([HEADLINE], [HEADLINE])
    assert "audit.alerts cannot be asked" in caplog.text
