"""The benchmark compares like with like: what it sends to the warehouse directly is what the API sends."""

import re

from include.warehouse import render
from local.benchmarks import api_direct
from local.benchmarks.api import LAST_DAY, _first, _own
from plugins.analytics import sessions
from tests.api.conftest import Client


def bound(statement, values):
    return statement, {name: str((values or {})[name]) for name in re.findall(r"%\((\w+)\)s", statement)}


def test_the_statements_of_the_cold_questions_are_the_apis(serve, api, monkeypatch):
    sent = []
    run = sessions._run

    def recorded(session, operation, statement, values):
        if operation not in ("newestBuild", "activeKeys"):
            sent.append(bound(statement, values))
        return run(session, operation, statement, values)

    monkeypatch.setattr(sessions, "_run", recorded)
    client = Client(serve(), api.key)
    for question in _own(1):
        assert client.get(question).status_code == 200
    direct = [
        bound(render(f"serve/{each.file}.sql", **each.names), each.values)
        for question in api_direct.statements(_first(1), LAST_DAY)
        for each in question
    ]
    assert sent == direct


def test_every_question_is_timed(shop):
    asked = api_direct.ask(shop, 2, [api_direct.statements(_first(number), LAST_DAY) for number in range(3)])
    assert (asked["requests"], asked["sessions"]) == (12, 2)
    assert 0 < asked["p50"] <= asked["p95"] <= asked["p99"]
