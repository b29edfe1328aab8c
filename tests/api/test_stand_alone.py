"""The commands as a team runs them: make a key, serve, ask, list, revoke."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from plugins.analytics.settings import API_PREFIX

COMMAND = [sys.executable, "-W", "ignore", "-m", "plugins.analytics"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def served(shop, tmp_path):
    """The address of an API in a process of its own, and what it printed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*COMMAND, "serve", "--port", str(port)], stdout=log, stderr=log, env=os.environ)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                requests.get(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", tmp_path / "log"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) is not None
        assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_key_is_made_used_listed_and_revoked(served):
    address, _ = served
    made = run("keys", "create", "--name", "dashboard", "--scope", "analytics:read", "--expires-in", "30d")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    answer = requests.get(
        f"{address}{API_PREFIX}/analytics/summary", headers={"Authorization": f"Bearer {key}"}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["data_through"] == "2026-06-30"
    key_id, secret = key.split(".")
    listed = run("keys", "list").stdout
    assert key_id in listed and "dashboard" in listed and secret not in listed
    assert run("keys", "revoke", key_id).returncode == 0
    again = run("keys", "revoke", key_id)
    assert (again.returncode, key_id in again.stderr) == (1, True)
    assert "revoked" in next(line for line in run("keys", "list").stdout.splitlines() if line.startswith(key_id))


def test_the_audit_log_is_json_lines_on_standard_output(served, api):
    address, log = served
    requests.get(f"{address}{API_PREFIX}/revenue", headers={"X-API-Key": api.key}, timeout=60)
    deadline = time.monotonic() + 10
    while "/revenue" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    [line] = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert (line["route"], line["status"], line["rows"]) == (f"{API_PREFIX}/revenue", 200, 30)
    assert abs(datetime.fromisoformat(line["time"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "create", "--name", "x", "--scope", "everything"),
        ("keys", "create", "--name", "x", "--scope", "pii", "--expires-in", "for ever"),
        ("keys", "create", "--scope", "pii"),
        ("nothing",),
        (),
    ],
)
def test_a_wrong_command_is_explained(arguments):
    ended = run(*arguments)
    assert ended.returncode == 2
    assert "usage: python -m plugins.analytics" in ended.stderr


def test_help_tells_the_commands():
    told = run("--help").stdout
    assert all(word in told for word in ("serve", "keys", "openapi", "AIRFLOW_CONN_WAREHOUSE_READER"))
