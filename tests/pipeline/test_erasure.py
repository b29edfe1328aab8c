"""An erased customer is nowhere any more, and no row or amount is missing: proven by a scan that first finds them."""

import gzip
import io
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import set_current_context

from include import clients, config, data_docs, erasing, exporting, gating, lake, lake_erasure
from include import erasure as erasing_of
from include.building import record
from include.contracts import contract
from include.erasures import Erased
from include.expectations import Rule, suite
from include.exports.manifest import ExportLake
from include.exports.mart import current_build, export
from include.sources.orders import email_hasher
from include.warehouse import Warehouse
from local.stack import Stack
from tests.pipeline.airflow_runs import REPOSITORY, OwnAirflow
from tests.pipeline.conftest import Pipeline
from tests.pipeline.dbt import parsed
from tests.pipeline.shop import OrderDatabase, order_db, served
from tests.pipeline.tasks import TableRun
from tests.pipeline.test_incremental import BUILD, marts
from tests.standins import saas_dataset

__all__ = ["order_db"]
pytestmark = pytest.mark.usefixtures("one_client_of_the_lake", "no_kept_pages")

FIRST, LAST = saas_dataset.FIRST_DAY, saas_dataset.LAST_DAY
PERSON = "C7777"
OLD_EMAIL, EMAIL, NO_EMAIL = "zephyrine@quill.example", "zq@brandt.example", "zephyrine at quill.example"
PHONES = ("+44 7700 900123", "+44 7700 900777")
NEEDLES = ("zephyrine", "quillfeather", EMAIL, *(phone.replace(" ", "") for phone in PHONES))
RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(sys.argv[1]).dags["erase_customer"]
for conf in sys.argv[2:]:
    print("ended", dag.test(run_conf=json.loads(conf)).state)
"""


def day(number: int, hour: int = 9) -> datetime:
    """A moment of the n-th day of the data set."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, hour, tzinfo=UTC) + timedelta(days=number)


def contacts() -> list[dict[str, Any]]:
    """The person as the CRM knew her: three versions, of which the last but one has no valid address."""
    first = {
        "customer_id": PERSON,
        "first_name": "Zephyrine",
        "last_name": "Quillfeather",
        "email": OLD_EMAIL,
        "phone": PHONES[0],
        "country": "United Kingdom",
        "city": "Leeds",
        "is_deleted": False,
        "created_at": day(0),
        "updated_at": day(0),
    }
    married = first | {"last_name": "Quillfeather-Brandt", "email": EMAIL, "phone": PHONES[1], "updated_at": day(4)}
    return [first, first | {"email": NO_EMAIL, "updated_at": day(2)}, married]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Hosted services that know the person beside thirty others."""
    written = saas_dataset.write(tmp_path / "dataset")
    file = written / "customers.parquet"
    others = pq.read_table(file)
    pq.write_table(pa.concat_tables([others, pa.Table.from_pylist(contacts(), others.schema)]), file)
    return written


@pytest.fixture
def shop(stack: Stack, dataset: Path, order_db: OrderDatabase, pipeline: Pipeline, tmp_path: Path) -> Iterator["Shop"]:
    """A shop with the person in every place in which personal data may come to stand."""
    s3 = clients.lake_client()
    for kept in stored():
        s3.delete_object(Bucket=config.LAKE_BUCKET, Key=kept[0], VersionId=kept[1])
    shutil.rmtree(config.DATA_DOCS_DIR, ignore_errors=True)
    s3.put_bucket_versioning(Bucket=config.LAKE_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    drop_batches(pipeline.warehouse)
    with served(dataset, stack, tmp_path / "state"):
        yield Shop(pipeline, order_db)
    s3.put_bucket_versioning(Bucket=config.LAKE_BUCKET, VersioningConfiguration={"Status": "Suspended"})
    pipeline.warehouse.execute("drop table if exists pii.customers_copy")
    drop_batches(pipeline.warehouse)


def drop_batches(warehouse: Warehouse) -> None:
    """What this and other tests have left of batches."""
    for schema, table in tables(warehouse):
        if "__" in table:
            warehouse.execute(f"drop table {schema}.{table}")


class Shop:
    """Loads the shop as the DAGs do, and knows where things stand."""

    def __init__(self, pipeline: Pipeline, orders: OrderDatabase) -> None:
        self.pipeline, self.warehouse, self.orders = pipeline, pipeline.warehouse, orders
        self.batches: list[dict[str, Any]] = []

    def take_orders(self) -> None:
        """Orders of hers, as a customer and as a guest, with columns that no contract knows; and somebody else's."""
        for table in ("orders", "order_items", "refunds"):
            self.orders.run(f"alter table {table} add column note text")
        at = {"ordered_at": day(3), "updated_at": day(3)}
        self.orders.put("orders", "O1", customer_id=PERSON, note="for Zephyrine, leave it with Mrs Quillfeather", **at)
        self.orders.put("orders", "O2", customer_id=None, email=OLD_EMAIL, note=f"call {PHONES[0]}", **at)
        self.orders.put("orders", "O3", customer_id=None, email=EMAIL, **at)
        self.orders.put("orders", "O4", customer_id=PERSON, total_amount=-5, note="Zephyrine", **at)  # quarantined
        self.orders.put("orders", "O5", customer_id="C0001", note="blue paper", **at)
        for number in range(1, 6):
            line = {"product_id": "P0001", "note": "engrave: Zephyrine" if number < 5 else None, "updated_at": day(3)}
            self.orders.put("order_items", f"I{number}", order_id=f"O{number}", **line)
        back = {"refunded_at": day(4), "updated_at": day(4)}
        self.orders.put("refunds", "R1", order_id="O1", note="told Zephyrine", **back)
        self.orders.put("refunds", "R2", order_id="O5", note="told nobody", **back)

    def load(self, table: str, run: str = "manual__1", gate: bool = False) -> dict[str, Any]:
        """All days of a table through its tasks, with or without Great Expectations."""
        tasks = TableRun(table, FIRST, LAST, run)
        batch = tasks.land(tasks.extract())
        return tasks.publish(tasks.gate(batch) if gate else tasks.pass_gate(batch))

    def load_all(self, gate: bool = False) -> None:
        self.take_orders()
        self.batches += [
            self.load(table, gate=gate and table != "refunds") for table in ("customers", "orders", "refunds")
        ]
        self.batches += [self.load(table) for table in ("order_items", "products", "web_events")]

    def scatter(self) -> None:
        """Put her also where she comes to stand when things go wrong."""
        tasks = TableRun("customers", FIRST, LAST, "manual__cut_off")
        self.batches.append(tasks.land(tasks.extract()))  # landed, never published
        abandoned = TableRun("customers", FIRST, LAST, "manual__abandoned").extract()
        s3, bucket = clients.lake_client(), config.LAKE_BUCKET
        part = f"{abandoned['folder']}part-00000.parquet"
        body = s3.get_object(Bucket=bucket, Key=part)["Body"].read()
        for key, version, _ in stored():
            if key == f"{abandoned['folder']}manifest.json":  # an extract that was killed before its end
                s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
        torn = f"{lake.table_folder(contract('customers'))}day=2026-03-25/batch=torn/part-00000.parquet"
        for version in (body[: len(body) // 2], body, b"nobody's"):  # old versions, one of which nobody can read
            s3.put_object(Bucket=bucket, Key=torn, Body=version)
        upload = s3.create_multipart_upload(Bucket=bucket, Key=torn)["UploadId"]
        s3.upload_part(Bucket=bucket, Key=torn, UploadId=upload, PartNumber=1, Body=body)
        self.warehouse.execute("create or replace table pii.customers_copy as select * from pii.customers")


@pytest.fixture
def rule_that_shows(monkeypatch: pytest.MonkeyPatch, data_docs_built: None) -> None:
    """Somebody adds a rule on a column of personal data: what it finds stands in Data Docs."""

    def shown(table: str) -> Any:
        written = suite(table)
        rule = Rule("expect_column_values_to_match_regex", {"column": "last_name", "regex": "^x$"}, "info")
        return replace(written, rules=(*written.rules, rule)) if table == "customers" else written

    monkeypatch.setattr(gating, "suite", shown)


def stored() -> list[tuple[str, str, bool]]:
    """Every version of every object: key, version, and whether it is the current one."""
    pages = clients.lake_client().get_paginator("list_object_versions").paginate(Bucket=config.LAKE_BUCKET)
    return [
        (each["Key"], each["VersionId"], each["IsLatest"])
        for page in pages
        for kind in ("Versions", "DeleteMarkers")
        for each in page.get(kind, [])
    ]


def content(key: str, version: str) -> str:
    """What an object holds, as text."""
    body = clients.lake_client().get_object(Bucket=config.LAKE_BUCKET, Key=key, VersionId=version)["Body"].read()
    if key.endswith(".parquet"):
        try:
            return str(pq.read_table(io.BytesIO(body)).to_pylist())
        except pa.ArrowInvalid:
            return body.decode(errors="replace")
    return (gzip.decompress(body) if key.endswith(".gz") else body).decode(errors="replace")


def tables(warehouse: Warehouse) -> list[tuple[str, str]]:
    rows = warehouse.execute(
        "select lower(table_schema), lower(table_name) from information_schema.tables "
        "where table_type = 'BASE TABLE' and table_schema <> 'INFORMATION_SCHEMA' order by 1, 2"
    )
    return [(schema, table) for schema, table in rows.fetchall()]


def rows_of(warehouse: Warehouse, schema: str, table: str) -> list[str]:
    return sorted(map(str, warehouse.execute(f"select * from {config.SNOWFLAKE_DATABASE}.{schema}.{table}").fetchall()))


def found_in(text: str) -> set[str]:
    """Which of her names, addresses and phones a text holds, however it is written."""
    plain = text.casefold()
    return {needle for needle in NEEDLES if needle in plain or needle in plain.replace(" ", "")}


def scan(warehouse: Warehouse, *folders: Path) -> dict[str, set[str]]:
    """Every place that holds anything of her: tables, objects in all versions, Data Docs, files of these folders."""
    texts: dict[str, str] = {
        f"{schema}.{table}": str(rows_of(warehouse, schema, table)) for schema, table in tables(warehouse)
    }
    texts |= {f"s3://{key}?{version}": content(key, version) for key, version, _ in stored()}
    for folder in (config.DATA_DOCS_DIR, *folders):
        texts |= {str(file): file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()}
    return {place: found for place, text in texts.items() if (found := found_in(text))}


def everything(warehouse: Warehouse) -> dict[str, Any]:
    """Rows of every table, every version of every object, every page of Data Docs."""
    held: dict[str, Any] = {
        f"{schema}.{table}": rows_of(warehouse, schema, table) for schema, table in tables(warehouse)
    }
    held |= {"objects": sorted(stored())}
    held |= {"pages": sorted(str(page) for page in config.DATA_DOCS_DIR.rglob("*"))}
    return held


def task(name: str, busy: tuple[str, ...] = (), **params: Any) -> Any:
    """A task of erase_customer as Airflow runs it, in a run of its own."""
    instance = SimpleNamespace(
        dag_id="erase_customer",
        task_id=name,
        run_id="manual__1",
        log_url="https://airflow.example/log",
        get_dr_count=lambda dag_id, states: int(dag_id in busy),
    )
    params = {"customer_id": None, "email_key": None, "dry_run": False} | params
    context = {"ti": instance, "dag_run": SimpleNamespace(start_date=datetime.now(UTC)), "params": params}
    with set_current_context(context):  # type: ignore[arg-type]
        return getattr(erasing, name).function()


def erase(**params: Any) -> None:
    """All tasks in turn; those after a dry run do not come."""
    if task("find_customer", **params):
        assert task("wait_for_loads", **params) is True
        for name in ("erase_files", "erase_tables", "certify"):
            task(name, **params)


def others(warehouse: Warehouse) -> list[list[str]]:
    """All rows of the customers' tables that are not hers, whole."""
    return [
        sorted(
            map(str, warehouse.execute(f"select * from {schema}.{table} where customer_id <> '{PERSON}'").fetchall())
        )
        for schema, table in (("pii", "customers"), ("pii", "quarantine_customers"), ("staging", "orders"))
    ]


def hers(warehouse: Warehouse) -> list[tuple]:
    return warehouse.execute(
        "select first_name, last_name, email, phone, email_hash is not null, country, city, updated_at "
        f"from pii.customers where customer_id = '{PERSON}' order by updated_at"
    ).fetchall()


def certificates(warehouse: Warehouse) -> list[tuple]:
    return warehouse.execute(
        "select customer_key, erased_at is not null, to_json(counts) from audit.erasures"
    ).fetchall()


def test_nothing_is_left_of_an_erased_customer(
    shop: Shop, rule_that_shows, airflow_metadata: Path, tmp_path: Path, caplog
) -> None:
    """The DAG in an Airflow of its own; before, the scan finds her in every place."""
    shop.load_all(gate=True)
    shop.scatter()
    before = scan(shop.warehouse)
    assert {
        "pii.customers",
        "pii.quarantine_customers",
        "pii.customers_copy",
        "staging.orders",
        "staging.order_items",
        "staging.refunds",
        "quarantine.orders",
    } < before.keys()
    landed = {place.split("__")[0] for place in before if "__" in place and place[:3] in ("pii", "raw")}
    assert landed == {"pii.customers", "raw.orders", "raw.order_items", "raw.refunds"}
    assert sum(place.startswith("s3://raw/crm/") for place in before) == 5
    assert sum(place.startswith("s3://raw/orders/") for place in before) == 3
    assert any(place.startswith(str(config.DATA_DOCS_DIR)) for place in before)
    assert set().union(*before.values()) == set(NEEDLES)

    kept, state = others(shop.warehouse), everything(shop.warehouse)
    assert task("find_customer", customer_id=PERSON, dry_run=True) is False
    assert everything(shop.warehouse) == state
    with OwnAirflow(tmp_path / "airflow", airflow_metadata) as airflow:
        told = run(airflow, {"customer_id": PERSON, "dry_run": False})
    assert not scan(shop.warehouse, tmp_path / "airflow")
    assert not found_in(told) and not found_in(caplog.text) and not found_in(metadata(tmp_path / "airflow"))
    assert not uploads()

    assert others(shop.warehouse) == kept
    assert [row[:4] for row in hers(shop.warehouse)] == [(None,) * 4] * 2
    [(key, is_erased, counts)] = certificates(shop.warehouse)
    assert (key, is_erased) == (PERSON, True)
    counts = json.loads(counts)
    assert (counts["pii.customers"], counts["pii.quarantine_customers"], counts["pii.customers_copy"]) == (2, 1, 2)
    assert (counts["staging.orders"], counts["quarantine.orders"], counts["staging.refunds"]) == (3, 1, 1)
    assert counts["staging.order_items"] == 4
    assert counts["lake customers: rows emptied"] == 6 and counts["lake customers: leftovers deleted"] == 4
    assert counts[erasing_of.DOCS] == 2  # of customers by the rule, of orders by a column that no contract knows


def test_no_number_changes(shop: Shop, stack: Stack, tmp_path: Path) -> None:
    """Marts that are built from nothing after the erasure are those of before, row for row; so are their exports."""
    shop.load_all()
    with parsed(stack, tmp_path / "dbt") as dbt:
        dbt.run(*BUILD, "--full-refresh")
        record(shop.warehouse, "first", datetime(2026, 7, 1))
        assert exported(shop) > 0
        before = marts(shop.pipeline)
        assert sum(before["FCT_ORDERS"].values()) == 5 and before["RFM_ANALYSIS"] and before["DIM_CUSTOMERS"]
        erase(customer_id=PERSON)
        dbt.run(*BUILD, "--full-refresh")
    record(shop.warehouse, "second", datetime(2026, 7, 2))
    assert marts(shop.pipeline) == before
    assert exported(shop) == 0  # nothing has changed, so nothing is written anew
    assert not scan(shop.warehouse)


def run(airflow: OwnAirflow, conf: dict[str, Any]) -> str:
    """What a run of the DAG erase_customer prints, its tasks' logs included; it must succeed."""
    file = shutil.copy(REPOSITORY / "dags" / "erase_customer.py", airflow.dags)
    output = airflow.python(RUN, str(file), json.dumps(conf), DATA_DOCS_DIR=str(config.DATA_DOCS_DIR))
    assert "ended success" in output
    return output


def metadata(home: Path) -> str:
    """All that Airflow's database holds of its runs: params, XCom, logs."""
    with sqlite3.connect(home / "airflow.db") as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        held = {name: database.execute(f'select * from "{name}"').fetchall() for name in names}
    assert PERSON in str(held["dag_run"])
    return str(held)


def uploads() -> list[dict]:
    return clients.lake_client().list_multipart_uploads(Bucket=config.LAKE_BUCKET).get("Uploads", [])


def exported(shop: Shop) -> int:
    """Export two marts as a build's run does; how many parts were written anew."""
    number, _ = current_build(shop.warehouse)
    params = {"start": None, "end": None, "format": None, "full": False, "marts": ["fct_orders", "rfm_analysis"]}
    written = 0
    for raw in exporting.planned(params, number):
        lake_of_mart = ExportLake(clients.lake_client(), config.LAKE_BUCKET, raw["mart"])
        done = export(shop.warehouse, lake_of_mart, exporting.ordered(raw, f"run {number}"), "test")
        written += len(done.written)
    return written


def test_erasing_again_changes_nothing(shop: Shop) -> None:
    shop.load_all()
    shop.scatter()
    erase(customer_id=PERSON)
    state = everything(shop.warehouse)
    erase(customer_id=PERSON)
    assert everything(shop.warehouse) == state


def test_no_load_brings_an_erased_customer_back(shop: Shop) -> None:
    """The days again, from the source and from the files of before."""
    shop.load_all(gate=True)
    erase(customer_id=PERSON)
    before = rows_of(shop.warehouse, "pii", "customers")
    for table in ("customers", "orders", "refunds"):
        shop.load(table, "manual__again", gate=table != "refunds")
    for batch in shop.batches[:3]:
        again = TableRun(batch["table"], FIRST, LAST)
        again.publish(again.pass_gate(again.land(batch)))
    assert not scan(shop.warehouse)
    loaded = shop.warehouse.execute(
        "select table_name, inserted_rows, updated_rows from audit.loads where run_id = 'manual__again' order by 1"
    ).fetchall()
    # The version without a valid address was in quarantine; without an address it passes. The others are known again.
    assert loaded == [("customers", 1, 0), ("orders", 0, 0), ("refunds", 0, 0)]
    after = rows_of(shop.warehouse, "pii", "customers")
    assert set(before) < set(after) and len(after) == len(before) + 1


def test_a_warehouse_that_is_loaded_anew_knows_the_erased_by_the_list(shop: Shop) -> None:
    """The list alone is left; lines come before their orders."""
    shop.load_all()
    erase(customer_id=PERSON)
    for name in ("pii.customers", "staging.orders", "staging.order_items", "staging.refunds"):
        shop.warehouse.execute(f"truncate table {name}")
    drop_batches(shop.warehouse)
    for table in ("order_items", "refunds", "orders", "customers"):
        shop.load(table, "manual__anew")
    assert len(hers(shop.warehouse)) == 3
    assert not scan(shop.warehouse)


class Killed(Exception):
    """The worker goes."""


# What was done last, in order: each attempt goes on where the one before was killed.
KILLED_AFTER: list[tuple[Any, str]] = [
    (data_docs, "pages_with"),
    (data_docs, "remove"),
    (lake_erasure.Sweep, "_rewrite"),
    (lake_erasure, "write_manifest"),
    (erasing_of, "_count"),
    (erasing_of, "_empty"),
    (erasing_of, "locate"),
]


def test_an_erasure_that_is_killed_again_and_again_is_completed_by_the_next(shop: Shop, monkeypatch) -> None:
    """Meanwhile every batch can be loaded, and nothing is certified."""
    shop.load_all()
    shop.scatter()
    page = config.DATA_DOCS_DIR / "customers" / "customers__old" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>Quillfeather-Brandt</p>")
    for owner, name in KILLED_AFTER:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, killed_after(getattr(owner, name)))
            with pytest.raises(Killed):
                erase(customer_id=PERSON)
        for batch in shop.batches:
            manifest = lake.read_manifest(clients.lake_client(), config.LAKE_BUCKET, batch["folder"])
            lake.verify(clients.lake_client(), config.LAKE_BUCKET, manifest)
        [(_, is_erased, _)] = certificates(shop.warehouse)
        assert not is_erased
    assert not scan(shop.warehouse)  # the last attempt was killed when all was done but the certificate
    erase(customer_id=PERSON)
    [(_, is_erased, counts)] = certificates(shop.warehouse)
    assert is_erased and json.loads(counts)["pii.customers"] == 3


def killed_after(done: Callable[..., Any]) -> Callable[..., Any]:
    """A function after which the worker is killed."""

    def killed(*arguments: Any, **names: Any) -> Any:
        done(*arguments, **names)
        raise Killed

    return killed


def test_the_files_of_the_lake_keep_every_row_and_every_other_customer(shop: Shop) -> None:
    batch = shop.load("customers")
    [before] = rows_in(batch)
    erase(customer_id=PERSON)
    [after] = rows_in(batch)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        if old["customer_id"] == PERSON:
            old |= dict.fromkeys(("first_name", "last_name", "email", "phone"))
        assert old == new


def test_a_lake_without_versions_is_swept_as_well(shop: Shop) -> None:
    batch = shop.load("customers")
    s3, bucket = clients.lake_client(), "lake-without-versions"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    for listed in s3.list_objects_v2(Bucket=config.LAKE_BUCKET, Prefix=batch["folder"])["Contents"]:
        s3.copy_object(Bucket=bucket, Key=listed["Key"], CopySource=f"{config.LAKE_BUCKET}/{listed['Key']}")
    hers = Erased(frozenset([PERSON]))
    looking = lake_erasure.Sweep(s3, bucket, hers, datetime.now(UTC))
    assert looking.run(contract("customers")) == {"lake customers: rows emptied": 3}
    replace(looking, dry_run=False).run(contract("customers"))
    assert not looking.run(contract("customers"))
    manifest = lake.read_manifest(s3, bucket, batch["folder"])
    lake.verify(s3, bucket, manifest)
    kept = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert kept == {batch["folder"] + name for name in ["manifest.json", *(file.name for file in manifest.files)]}


def rows_in(batch: dict[str, Any]) -> list[list[dict]]:
    """Rows of each file that a batch's manifest names."""
    s3 = clients.lake_client()
    manifest = lake.read_manifest(s3, config.LAKE_BUCKET, batch["folder"])
    lake.verify(s3, config.LAKE_BUCKET, manifest)
    keys = [manifest.folder + file.name for file in manifest.files]
    bodies = [s3.get_object(Bucket=config.LAKE_BUCKET, Key=key)["Body"].read() for key in keys]
    return [pq.read_table(io.BytesIO(body)).to_pylist() for body in bodies]


def test_what_comes_back_by_another_way_is_found_and_opens_the_certificate(shop: Shop) -> None:
    shop.load("customers")
    erase(customer_id=PERSON)
    shop.warehouse.execute(f"update pii.customers set phone = '{PHONES[0]}' where customer_id = '{PERSON}'")
    with pytest.raises(erasing_of.PersonalDataLeft, match=r"3 in pii\.customers"):
        task("certify", customer_id=PERSON)
    erase(customer_id=PERSON)
    [(_, is_erased, counts)] = certificates(shop.warehouse)
    assert is_erased and json.loads(counts)["pii.customers"] == 6
    assert not scan(shop.warehouse)


def test_an_erasure_waits_for_loads_that_may_not_know_the_list() -> None:
    for busy in ("ingest_crm", "ingest_orders", "replay_quarantine"):
        assert task("wait_for_loads", (busy,)) is False
    assert task("wait_for_loads", ("ingest_web_events", "build_marts")) is True


def key_of(address: str) -> str:
    return email_hasher(clients.email_hash_key())(address)


def test_a_customer_is_found_by_the_key_of_an_address_of_theirs(shop: Shop) -> None:
    shop.load("customers")
    typed = f"  {OLD_EMAIL.upper()}\n"
    made = python_with_input(typed, "-m", "include.email_key")
    assert made.strip() == key_of(OLD_EMAIL)
    erase(email_key=made.strip())
    assert [key for key, _, _ in certificates(shop.warehouse)] == [PERSON]
    assert not scan(shop.warehouse)


def python_with_input(typed: str, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=REPOSITORY,
        check=True,
    )
    return ended.stdout


def test_a_guest_is_erased_by_the_key_of_the_address(shop: Shop) -> None:
    """A guest's name can only stand in a column that no contract knows."""
    shop.take_orders()
    shop.load("orders")
    erase(email_key=key_of(OLD_EMAIL))
    notes = shop.warehouse.execute("select order_id, _extra is not null from staging.orders order by 1").fetchall()
    assert dict(notes) == {"O1": True, "O2": False, "O3": True, "O4": True, "O5": True}
    shop.load("orders", "manual__again")
    assert shop.warehouse.execute("select _extra from staging.orders where order_id = 'O2'").fetchall() == [(None,)]


def test_requests_that_cannot_be_followed_change_nothing_and_say_why(shop: Shop, pipeline: Pipeline) -> None:
    shop.load("customers")
    shop.warehouse.execute(
        f"update pii.customers set email_hash = '{key_of(OLD_EMAIL)}' where customer_id in ('C0001', '{PERSON}')"
    )
    state = everything(shop.warehouse)
    for params, message in (
        ({"customer_id": "C9999"}, "customer C9999 is unknown"),
        ({"email_key": "0" * 64}, "is unknown"),
        ({"email_key": key_of(OLD_EMAIL)}, f"2 contacts of the CRM have, or had, this address: C0001, {PERSON}"),
        ({}, "give one of the params"),
        ({"customer_id": PERSON, "email_key": key_of(EMAIL)}, "give one of the params"),
    ):
        for dry_run in (True, False):
            with pytest.raises(AirflowFailException, match=message):
                task("find_customer", dry_run=dry_run, **params)
    assert everything(shop.warehouse) == state


def test_a_row_without_an_id_is_found_by_the_hash_of_the_address(pipeline: Pipeline, shop: Shop) -> None:
    """The CRM's answer was broken: her name stands beside no id, or beside one that is none."""
    batch = shop.load("customers")
    landing = f"pii.{batch['folder'].split('batch=')[1].rstrip('/')}"
    shop.warehouse.execute(f"update {landing} set customer_id = null where email = '{EMAIL}'")
    shop.warehouse.execute(f"update {landing} set customer_id = repeat('C', 101) where email = '{OLD_EMAIL}'")
    erase(customer_id=PERSON)
    assert not scan(shop.warehouse)


def test_a_file_that_counts_and_cannot_be_read_stops_the_erasure(shop: Shop) -> None:
    batch = shop.load("customers")
    key = f"{batch['folder']}part-00000.parquet"
    clients.lake_client().put_object(Bucket=config.LAKE_BUCKET, Key=key, Body=b"PAR1 Quillfeather PAR1")
    with pytest.raises(lake_erasure.UnreadableFile, match=f"{key} cannot be read"):
        erase(customer_id=PERSON)


def test_files_without_personal_data_are_not_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    schema = pa.schema([("customer_id", pa.string()), ("_extra", pa.string())])
    for extra, expected in ((None, False), ("{}", True)):
        rows = [{"customer_id": PERSON, "_extra": None}, {"customer_id": PERSON, "_extra": extra}]
        pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "part.parquet")
        body = (tmp_path / "part.parquet").read_bytes()
        assert lake_erasure.may_hold_personal_data(body) is expected
        assert lake_erasure.may_hold_personal_data(body[100:]) is expected
        assert lake_erasure.may_hold_personal_data(body[-20:]) is True  # too little to tell


def test_data_docs_are_searched_for_whole_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(config, "DATA_DOCS_DIR", tmp_path)
    for batch, text in (("customers__1", "O&#x27;Hara"), ("customers__2", "Harald"), ("customers__3", "HARA")):
        (tmp_path / "customers" / batch).mkdir(parents=True)
        (tmp_path / "customers" / batch / "index.html").write_text(f"<td>{text}</td>")
    assert [path.name for path in data_docs.pages_with({"O'Hara"})] == ["customers__1"]
    assert [path.name for path in data_docs.pages_with({"Hara"})] == ["customers__1", "customers__3"]
    assert data_docs.pages_with({"", "ar"}) == []
