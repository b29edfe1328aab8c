"""Starting, killing, restarting, wiping and refusing to start."""

import os
import shutil
import signal
import smtplib
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
import psycopg
import pytest
import requests

from local import services
from local.errors import StackError, StackNotRunning
from local.processes import ProcessRecord
from local.services import choose_ports, require_free_port
from local.snowflake.account import connect
from local.stack import Stack, start_stack, stop_stack
from tests.standins import tiny_dataset


def s3_of(stack: Stack) -> Any:
    endpoint = stack.endpoints["s3"]
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": endpoint["region"]}
    return boto3.client("s3", endpoint_url=endpoint["endpoint_url"], **keys)


def airflow_database(stack: Stack) -> psycopg.Connection:
    endpoint = stack.endpoints["postgres"]
    return psycopg.connect(
        host=endpoint["host"], port=endpoint["port"], dbname="airflow", user="postgres", autocommit=True
    )


def test_everything_outlives_a_kill_and_nothing_another_data_set(
    own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_stack(state=own_state)
    for name, value in first.environment().items():
        monkeypatch.setenv(name, value)
    with connect(first.endpoints["snowflake"], first.ca_file, database="ANALYTICS", schema="AUDIT") as session:
        cursor = session.cursor()
        cursor.execute("create table kept (id int, at timestamp_ntz)")
        cursor.execute("insert into kept values (1, null)")
        cursor.execute("create view kept_view as select dateadd(day, 1, '2026-01-01'::date) as day, id from kept")
        cursor.execute("create temporary table analytics.audit.passing as select 1 as id")
        cursor.execute("begin")
        cursor.execute("insert into kept values (2, null)")  # never committed
        s3_of(first).put_object(Bucket="analytics-lake", Key="kept", Body=b"kept")
        with airflow_database(first) as database:
            database.execute("create table kept (id int)")
        for record in first.services.values():
            os.kill(record.pid, signal.SIGKILL)
        psutil.wait_procs([process for r in first.services.values() if (process := r.process())], timeout=10)
    with pytest.raises(StackNotRunning, match="has stopped"):
        Stack.read(own_state)

    second = start_stack(state=own_state)
    assert second.endpoints == first.endpoints
    with connect(second.endpoints["snowflake"], second.ca_file, database="ANALYTICS", schema="AUDIT") as session:
        cursor = session.cursor()
        assert cursor.execute("select id, at from kept").fetchall() == [(1, None)]
        assert cursor.execute("select id from kept_view").fetchall() == [(1,)]
        assert cursor.execute("show tables like 'PASSING' in analytics.audit").fetchall() == []
        assert [row[0] for row in cursor.execute("list @analytics.raw.lake").fetchall()] == ["s3://analytics-lake/kept"]
    assert s3_of(second).get_object(Bucket="analytics-lake", Key="kept")["Body"].read() == b"kept"
    with airflow_database(second) as database:
        database.execute("select id from kept")

    again = start_stack(state=own_state)
    assert again.services == second.services
    assert Stack.read(own_state) == again

    tiny_dataset.write(own_state / "datasets" / "second")
    said: list[str] = []
    monkeypatch.setattr("local.datasets.prepare", lambda spec, state, progress: state / "datasets" / spec)
    other = start_stack("second", own_state, said.append)
    assert any("wiped" in line for line in said)
    assert other.dataset == "second"
    with connect(other.endpoints["snowflake"], other.ca_file, database="ANALYTICS") as session:
        assert session.cursor().execute("show tables in schema analytics.audit").fetchall() == []
    assert "Contents" not in s3_of(other).list_objects_v2(Bucket="analytics-lake")

    records = list(other.services.values())
    assert stop_stack(own_state, wipe=True)
    assert [record for record in records if record.process()] == []
    assert not (own_state / "warehouse").exists()
    assert (own_state / "datasets" / "second").exists()
    assert not stop_stack(own_state)


def test_the_warehouse_waits_for_no_disk(tmp_path: Path) -> None:
    """Each statement that changes a table would else wait for it."""
    from local.snowflake.instance import DurableFakeSnow

    connection = DurableFakeSnow(tmp_path).duck_conn
    assert connection.execute("select current_setting('fsync_mode')").fetchall() == [("NONE",)]
    connection.close()


def test_a_service_that_cannot_start_leaves_nothing_running(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_state / "smtp").write_text("a file where the mail server wants a directory")
    with pytest.raises(StackError, match="smtp did not start"):
        start_stack(state=own_state)
    assert [p for p in psutil.process_iter(["cmdline"]) if str(own_state) in (p.info["cmdline"] or [])] == []
    with pytest.raises(StackNotRunning, match="not running"):
        Stack.read(own_state)


def test_a_port_in_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"Port {port}, which snowflake would use, .*LOCAL_PORT_BASE"):
            require_free_port("snowflake", port)
    require_free_port("snowflake", port)


def test_ports_follow_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_PORT_BASE", raising=False)
    assert choose_ports({}) == {"snowflake": 4510, "s3": 4520, "postgres": 4530, "saas": 4540, "smtp": 4550}
    monkeypatch.setenv("LOCAL_PORT_BASE", "7000")
    assert choose_ports({"s3": 9})["s3"] == 7010
    monkeypatch.setenv("LOCAL_PORT_BASE", "0")
    assert choose_ports({"s3": 9})["s3"] == 9
    monkeypatch.setenv("LOCAL_PORT_BASE", "many")
    with pytest.raises(StackError, match="must be a port number"):
        services.choose_ports({})


def test_too_little_disk_is_said(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(own_state)._replace(free=10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StackError, match=r"Only 0\.9 GB are free"):
        start_stack(state=own_state)


def test_another_program_with_our_process_id_is_not_ours() -> None:
    me = psutil.Process()
    assert ProcessRecord(me.pid, me.create_time()).process() == me
    assert ProcessRecord(me.pid, me.create_time() - 60).process() is None


def others_address() -> str:
    """An address of this machine that is not the loopback interface's own, as another container would use."""
    addresses = (
        each.address for held in psutil.net_if_addrs().values() for each in held if each.family == socket.AF_INET
    )
    return next((address for address in addresses if not address.startswith("127.")), "127.0.0.2")


def test_a_stack_that_is_named_for_others_is_reached_by_that_name(
    own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = others_address()
    monkeypatch.setenv("LOCAL_HOST", address)
    stack = start_stack(state=own_state)
    told = {
        end.get("host") or urlsplit(end.get("endpoint_url") or end["base_url"]).hostname
        for end in stack.endpoints.values()
    }
    assert told == {address}

    with connect(stack.endpoints["snowflake"], stack.ca_file) as connection:
        assert connection.cursor().execute("select 1").fetchall() == [(1,)]
    assert s3_of(stack).list_buckets()["Buckets"]
    assert requests.get(stack.endpoints["saas"]["base_url"], verify=str(stack.ca_file), timeout=10).status_code < 500
    with smtplib.SMTP(address, stack.endpoints["smtp"]["port"], timeout=10) as client:
        assert client.noop()[0] == 250
    shop = stack.endpoints["postgres"]
    reader = {"host": address, "port": shop["port"], "dbname": shop["order_db"], "connect_timeout": 10}
    with psycopg.connect(user=shop["reader"], password=shop["reader_password"], **reader) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    if not address.startswith("127."):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(user=shop["user"], **reader)  # the superuser has no password, and is for this machine only
