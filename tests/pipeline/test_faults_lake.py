"""Faults of the lake: a batch that is not whole, or not what was written, is told by file and never loaded."""

import json
import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from include import clients, config, lake
from include.landing import LandingError
from tests.pipeline.shop import OrderDatabase, order_db
from tests.pipeline.tasks import TableRun

__all__ = ["order_db"]
pytestmark = pytest.mark.usefixtures("one_client_of_the_lake")

DAY = date(2026, 6, 1)
BUCKET = config.LAKE_BUCKET
WHAT_TO_DO = r"clear the extract task"


@pytest.fixture
def orders(order_db: OrderDatabase, monkeypatch: pytest.MonkeyPatch) -> OrderDatabase:
    """Five orders; each becomes a file."""
    monkeypatch.setattr("include.sources.orders.BATCH_BYTES", 1)
    monkeypatch.setattr(lake, "FILE_BYTES", 1)
    for number in range(5):
        order_db.put("orders", f"O{number}")
    return order_db


def body_of(key: str) -> bytes:
    return clients.lake_client().get_object(Bucket=BUCKET, Key=key)["Body"].read()


def put(key: str, body: bytes) -> None:
    clients.lake_client().put_object(Bucket=BUCKET, Key=key, Body=body)


def changed_manifest(**changes: Any) -> Callable[[str], None]:
    def change(folder: str) -> None:
        raw = json.loads(body_of(f"{folder}manifest.json"))
        put(f"{folder}manifest.json", json.dumps(raw | changes).encode())

    return change


def changed_file(change: Callable[[bytes], bytes]) -> Callable[[str], None]:
    return lambda folder: put(f"{folder}part-00000.parquet", change(body_of(f"{folder}part-00000.parquet")))


def flipped(body: bytes) -> bytes:
    """The same size, one bit in the middle of the data the other way round."""
    return body[:100] + bytes([body[100] ^ 1]) + body[101:]


def without(name: str) -> Callable[[str], None]:
    return lambda folder: clients.lake_client().delete_object(Bucket=BUCKET, Key=folder + name)


FILE = r"s3://analytics-lake/raw/orders/orders/day=2026-06-01/batch=orders__\w+/part-00000\.parquet"
FOLDER = r"s3://analytics-lake/raw/orders/orders/day=2026-06-01/batch=orders__\w+/"
DAMAGES: dict[str, tuple[Callable[[str], None], type[Exception], str]] = {
    "a truncated file": (
        changed_file(lambda body: body[: len(body) // 2]),
        lake.BatchDamaged,
        rf"{FILE} has [\d,]+ bytes, but the manifest says [\d,]+",
    ),
    "a corrupted file": (changed_file(flipped), lake.BatchDamaged, rf"{FILE} has other content than was written"),
    "a missing file": (without("part-00000.parquet"), lake.BatchDamaged, rf"{FILE} is missing"),
    "a missing manifest": (without("manifest.json"), lake.ManifestMissing, rf"{FOLDER} has no manifest\.json"),
    "half a manifest": (
        lambda folder: put(f"{folder}manifest.json", body_of(f"{folder}manifest.json")[:99]),
        lake.BatchDamaged,
        rf"{FOLDER}manifest\.json cannot be read as a manifest",
    ),
    "a manifest of more rows": (
        changed_manifest(rows=7),
        LandingError,
        r"raw\.orders__\w+ holds \d rows and [\d.]+ money, but the manifest promises 7 and 61\.7250",
    ),
    "a manifest of other money": (
        changed_manifest(money="61.7251"),
        LandingError,
        r"raw\.orders__\w+ holds \d rows and 61\.7250 money, but the manifest promises \d and 61\.7251",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_and_a_batch_written_again_loads_once(orders, pipeline, damage) -> None:
    break_it, kind, told = DAMAGES[damage]
    run = TableRun("orders", DAY)
    batch = run.extract()
    break_it(batch["folder"])
    with pytest.raises(kind, match=told) as raised:
        run.land(batch)
    assert WHAT_TO_DO in str(raised.value)
    run.again().load()
    assert [row[0] for row in pipeline.held("orders")] == ["O0", "O1", "O2", "O3", "O4"]
    audited = pipeline.warehouse.execute("select extracted_rows, extracted_money from audit.loads").fetchall()
    assert audited == [(5, Decimal("61.7250"))]


def test_what_copy_says_of_a_file_comes_with_the_remedy(orders, warehouse, monkeypatch) -> None:
    run = TableRun("orders", DAY)
    batch = run.extract()
    put(f"{batch['folder']}part-00000.parquet", b"PAR1 and no more")
    monkeypatch.setattr(lake, "verify", lambda *_: None)  # as if it broke between the look and the COPY
    with pytest.raises(LandingError, match=rf"(?s)COPY of \d file.* failed: .*{FILE}.*{WHAT_TO_DO}"):
        run.land(batch)


def test_an_extract_that_died_leaves_files_that_nobody_loads(orders, pipeline, monkeypatch) -> None:
    """Three of five files were written; so were rows of a landing table, by a COPY that broke off."""
    upload = lake._FileWriter._finish

    def dying(self: Any) -> None:
        if len(self.files) == 3:
            raise KeyboardInterrupt
        upload(self)

    run = TableRun("orders", DAY, run_id="scheduled__died")
    monkeypatch.setattr(lake._FileWriter, "_finish", dying)
    with pytest.raises(KeyboardInterrupt):
        run.extract()
    monkeypatch.setattr(lake._FileWriter, "_finish", upload)
    second = run.again()
    batch = second.extract()
    table = f"raw.{batch['folder'].split('batch=')[1].rstrip('/')}"
    pipeline.warehouse.execute(f"create table {table} as select 'leftover' as order_id")
    second.publish(second.pass_gate(second.land(batch)))
    assert [row[0] for row in pipeline.held("orders")] == ["O0", "O1", "O2", "O3", "O4"]
    assert pipeline.count("audit.loads") == 1


@pytest.fixture
def go_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nobody answers for the lake from now on."""

    def go() -> None:
        monkeypatch.setattr(clients, "LAKE_TRIES", 1)
        away = json.loads(os.environ["AIRFLOW_CONN_LAKE"])
        away["extra"]["endpoint_url"] = "http://127.0.0.1:1"
        monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(away))
        clients.lake_client.cache_clear()  # type: ignore[attr-defined]

    return go


@pytest.mark.parametrize("task", ["land", "gate", "publish"])
def test_a_lake_that_is_away_later_is_told_by_every_task_that_reads_it(orders, warehouse, go_away, task) -> None:
    run = TableRun("orders", DAY)
    batch = run.pass_gate(run.land(run.extract()))
    go_away()
    told = rf"{FOLDER}manifest\.json could not be read: .*connection lake, then clear this task"
    with pytest.raises(lake.LakeError, match=told):
        getattr(run, task)(batch)


@pytest.mark.parametrize("operation", ["GetObject", "read"])
def test_a_file_that_the_lake_does_not_give_is_told_with_its_place(orders, warehouse, monkeypatch, operation) -> None:
    run = TableRun("orders", DAY)
    manifest = run.manifest(run.extract())
    s3 = clients.lake_client()

    def refuse(*_: Any, **__: Any) -> Any:
        if operation == "read":
            raise ReadTimeoutError(endpoint_url="https://s3.example")
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your request rate."}}, operation)

    if operation == "read":
        monkeypatch.setattr("botocore.response.StreamingBody.iter_chunks", refuse)
    else:
        s3 = SimpleNamespace(exceptions=s3.exceptions, get_object=refuse)
    with pytest.raises(lake.LakeError, match=rf"{FILE} could not be read: .*then clear this task"):
        lake.verify(s3, BUCKET, manifest)


def test_a_lake_that_is_away_is_told_with_the_place(orders, warehouse, go_away) -> None:
    go_away()
    with pytest.raises(lake.LakeError, match=rf"{FILE} could not be written: .*connection lake, then {WHAT_TO_DO}"):
        TableRun("orders", DAY).extract()
