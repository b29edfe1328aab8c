"""slack_sdk and Airflow's webhook hook against the stand-in."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests
from slack_sdk.webhook import WebhookClient

from local.saas.journal import Journal
from tests.standins.saas_fixtures import Saas, saas, saas_server

__all__ = ["saas", "saas_server"]

HOOK = "T00000000/B00000000/local"


def messages(saas: Saas) -> list[dict[str, Any]]:
    return requests.get(f"{saas.base_url}/_control/slack/messages", timeout=5).json()


def test_a_message_arrives(saas: Saas) -> None:
    client = WebhookClient(f"{saas.base_url}/slack/services/{HOOK}")
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "*late*"}}
    answer = client.send(text="Łate: orders", blocks=[block])
    assert (answer.status_code, answer.body) == (200, "ok")
    assert messages(saas) == [
        {"webhook": "T00000000/B00000000", "message": {"text": "Łate: orders", "blocks": [block]}}
    ]


def test_messages_are_on_disk(saas: Saas) -> None:
    WebhookClient(f"{saas.base_url}/slack/services/{HOOK}").send(text="kept")
    kept = (saas.state / "slack" / "messages.jsonl").read_text().splitlines()
    assert [json.loads(line)["message"]["text"] for line in kept] == ["kept"]


def test_messages_survive_a_restart_even_one_that_cut_a_line_short(tmp_path: Path) -> None:
    Journal(tmp_path / "messages.jsonl").append({"text": "kept\u2028whole"})
    with (tmp_path / "messages.jsonl").open("a") as file:
        file.write('{"text": "cu')
    again = Journal(tmp_path / "messages.jsonl")
    again.append({"text": "next"})
    assert [entry["text"] for entry in again.entries()] == ["kept\u2028whole", "next"]


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        (HOOK, b"{", 400, "invalid_payload"),
        (HOOK, b'["text"]', 400, "invalid_payload"),
        (HOOK, b'{"text": ""}', 400, "no_text"),
        (HOOK, b'{"blocks": [{}]}', 400, "invalid_blocks"),
        ("X0/B0/x", b'{"text": "a"}', 404, "no_team"),
        ("T0/X0/x", b'{"text": "a"}', 404, "no_service"),
    ],
)
def test_wrong_requests_are_refused(saas: Saas, path: str, body: bytes, status: int, answer: str) -> None:
    response = requests.post(f"{saas.base_url}/slack/services/{path}", data=body, timeout=5)
    assert (response.status_code, response.text) == (status, answer)
    assert messages(saas) == []


def test_a_form_may_carry_the_payload(saas: Saas) -> None:
    form = {"payload": '{"text": "from a form"}'}
    assert requests.post(f"{saas.base_url}/slack/services/{HOOK}", data=form, timeout=5).text == "ok"


def test_a_rate_limit_reaches_the_client(saas: Saas) -> None:
    saas.fail("slack", 429, retry_after=1)
    answer = WebhookClient(f"{saas.base_url}/slack/services/{HOOK}").send(text="too much")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_airflows_hook(saas: Saas, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setitem(os.environ, "AIRFLOW_HOME", str(tmp_path))
    connection = {"conn_type": "slackwebhook", "host": f"{saas.base_url}/slack/services", "password": HOOK}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK", json.dumps(connection))
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    SlackWebhookHook(slack_webhook_conn_id="slack").send(text="from Airflow")
    assert messages(saas)[0]["message"] == {"text": "from Airflow"}
