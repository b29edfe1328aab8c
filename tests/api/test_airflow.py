"""The API as a plugin of Airflow's own application: open only to those whom it has signed in, or who have a key."""

import json
import os
import subprocess
import sys

import pytest

from local.airflow_environment import AirflowEnvironment
from local.stack import REPOSITORY
from tests.api.airflow_client import ASKED


@pytest.fixture(scope="module")
def printed(shop, api, tmp_path_factory):
    """The lines of Airflow's standard output; the last is what it answered to each way to ask."""
    home = tmp_path_factory.mktemp("home")
    connections = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CONN_")}
    environment = AirflowEnvironment(
        repository=REPOSITORY,
        home=home,
        database_url=f"sqlite:///{home}/airflow.db",
        port=8080,
        dags_folder=tmp_path_factory.mktemp("dags"),
        extra=connections | shop.environment(),
    )
    ended = subprocess.run(
        [sys.executable, "-m", "tests.api.airflow_client", api.key],
        env=environment.variables(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-6000:]
    return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def answered(printed):
    """What Airflow answered to each way to ask."""
    return json.loads(printed[-1])


def test_nobody_reads_without_a_login(answered):
    assert (answered["anonymous"], answered["wrong token"]) == (401, 401)


def test_airflows_login_counts(answered):
    status, body = answered["token"]
    assert status == 200
    assert body["meta"]["data_through"] == "2026-06-30"
    assert (answered["token again"], answered["cookie"], answered["customers"]) == (304, 200, 200)


def test_the_paths_stand_below_the_plugins_prefix(answered):
    assert answered["paths"] == dict.fromkeys(ASKED, 200)


def test_airflows_login_opens_no_personal_data(answered):
    assert answered["personal data"] == 403


def test_keys_count_there_too(answered):
    assert (answered["key"], answered["key as token"]) == (200, 200)


def test_each_request_is_a_clean_line_of_the_log(printed, api):
    told = [line for line in printed[:-1] if '"milliseconds"' in line]
    lines = [json.loads(line) for line in told]
    key_id = api.key.split(".")[0]
    assert [(line["status"], line["who"]) for line in lines] == [
        *((200, "admin"), (401, None), (401, None)),
        *((status, "admin") for status in (304, 200, 200, 403)),
        *((200, key_id), (200, key_id)),
        *((200, "admin") for _ in ASKED),
    ]
    assert not [line for line in printed if "analytics.audit" in line]


def test_the_plugin_is_registered_and_nothing_else_of_it_is_one(answered):
    assert set(answered["plugins"]) >= {"analytics", "store_schedule"}
    assert answered["import errors"]["total_entries"] == 0
    assert (answered["ready"], answered["description"]) == (200, 200)


def test_the_dashboard_stands_in_the_navigation(answered):
    assert answered["view"] | {"name": "Analytics", "href": "/analytics/", "destination": "nav"} == answered["view"]
    status, text = answered["page"]
    assert status == 200
    assert '<meta name="sign-in" content="airflow">' in text


def test_the_registration_imports_nothing_heavy():
    """Every task imports it."""
    code = (
        "import sys, airflow.plugins_manager; before = set(sys.modules); import plugins.analytics.plugin; "
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert ended.stdout.splitlines()[-1] == "['plugins']"
