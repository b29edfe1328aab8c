"""Exports against the local stack: what readers find, and what they do not see of an export that went wrong."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include import clients, config, exporting
from include.exports import Definition, ExportError
from include.exports import mart as exports
from include.exports.manifest import ExportLake, Manifest
from include.exports.mart import Order, Superseded, export
from include.warehouse import Warehouse

MART = "exported_sales"
COLUMNS = ("order_id", "customer_key", "pieces", "gross_revenue", "share", "is_valid", "order_day", "ordered_at")
BY_DAY = Definition(MART, "parquet", "order_day", COLUMNS)
WHOLE = replace(BY_DAY, by=None)
AWKWARD = ['say "hi"', "two\nlines", "a,b", "", None, "back\\slash", "=1+1", "\\N", "NULL", "é ü 日"]


class Shop:
    """A mart of a few rows, and the builds that it has seen."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.lake = ExportLake(clients.lake_client(), config.LAKE_BUCKET, MART)
        self.lake.remove(self.lake.sizes("exports/"))
        warehouse.execute(
            f"create or replace table marts.{MART} (order_id varchar, customer_key varchar, pieces number(18, 0), "
            "gross_revenue number(18, 4), share float, is_valid boolean, order_day date, ordered_at timestamp_ntz, "
            "build_number number(18, 0))"
        )
        warehouse.execute("create or replace table intermediate.int_build (build_number number(18, 0))")
        warehouse.execute("insert into intermediate.int_build values (0)")
        for day in (1, 2, 3):
            self.sell(f"O{day}A", day, "10.5000")
            self.sell(f"O{day}B", day, "0.0001")
        self.build()

    def sell(self, order_id: str, day: int | None, amount: str, customer: str | None = "C1") -> None:
        row = {
            "id": order_id,
            "customer": customer,
            "amount": Decimal(amount),
            "day": date(2026, 6, day) if day else None,
            "at": datetime(2026, 6, day or 1, 9, 30, 0, 123000),
        }
        self.warehouse.execute(
            f"insert into marts.{MART} values "
            "(%(id)s, %(customer)s, 2, %(amount)s, 0.25, true, %(day)s::date, %(at)s, 1)",
            row,
        )

    def begin_build(self) -> None:
        self.warehouse.execute("update intermediate.int_build set build_number = build_number + 1")

    def build(self) -> int:
        self.begin_build()
        self.warehouse.execute(
            "insert into audit.builds select build_number, 'build', '2026-06-30', null, '2026-07-01' "
            "from intermediate.int_build"
        )
        return exports.current_build(self.warehouse)[0]

    def order(self, run: str = "run", definition: Definition = BY_DAY, **options: Any) -> Order:
        return Order(definition, exports.current_build(self.warehouse)[0], run, **options)

    def export(self, run: str = "run", definition: Definition = BY_DAY, **options: Any) -> Manifest:
        return export(self.warehouse, self.lake, self.order(run, definition, **options), "v1").manifest

    def rows(self, columns: str = ", ".join(COLUMNS)) -> list[tuple]:
        return sorted(self.warehouse.execute(f"select {columns} from marts.{MART}").fetchall(), key=str)

    def body(self, key: str) -> bytes:
        return self.lake.s3.get_object(Bucket=self.lake.bucket, Key=key)["Body"].read()

    def read(self, manifest: Manifest | None) -> list[tuple]:
        """The rows of all files that a manifest names."""
        assert manifest is not None
        files = [file for part in manifest.parts for file in part.files]
        tables = [pq.read_table(io.BytesIO(self.body(file.key))) for file in files]
        return sorted((tuple(row.values()) for table in tables for row in table.to_pylist()), key=str)

    def objects(self) -> set[str]:
        return set(self.lake.sizes(f"exports/{MART}/"))


@pytest.fixture
def shop(warehouse: Warehouse) -> Iterator[Shop]:
    yield Shop(warehouse)
    warehouse.execute(f"drop table marts.{MART}")
    warehouse.execute("drop table intermediate.int_build")


def written(manifest: Manifest) -> list[str]:
    """Days that an export wrote anew."""
    return [part.day for part in manifest.parts if part.export_id == manifest.export_id]


def audited(shop: Shop) -> list[tuple]:
    return shop.warehouse.execute(
        "select build_number, part_count, written_part_count, row_count, written_row_count, is_latest, code_version "
        "from audit.exports order by exported_at, build_number"
    ).fetchall()


def test_readers_find_the_rows_of_the_mart_by_the_pointer_and_the_manifest(shop: Shop):
    shop.sell("O4", None, "7", customer=None)
    shop.export()
    pointer = json.loads(shop.body(f"exports/{MART}/latest.json"))
    manifest = json.loads(shop.body(pointer["manifest"]))
    assert pointer["manifest"].startswith(f"exports/{MART}/build=1-") and pointer["build_number"] == 1
    assert (manifest["build_number"], manifest["data_through"], manifest["code_version"]) == (1, "2026-06-30", "v1")
    assert (manifest["rows"], manifest["money"]) == (7, {"gross_revenue": "38.5003"})
    assert [part["day"] for part in manifest["parts"]] == ["2026-06-01", "2026-06-02", "2026-06-03", "none"]
    types = {column["name"]: column["type"] for column in manifest["columns"]}
    assert list(types) == list(COLUMNS)
    assert (types["gross_revenue"], types["order_day"], types["ordered_at"]) == (
        "NUMBER(18,4)",
        "DATE",
        "TIMESTAMP_NTZ",
    )
    files = [file for part in manifest["parts"] for file in part["files"]]
    assert all("/day=2026-06-0" in file["key"] or "/day=none/" in file["key"] for file in files)
    for file in files:
        content = shop.body(file["key"])
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert file["rows"] == pq.read_metadata(io.BytesIO(content)).num_rows
    assert manifest["bytes"] == sum(file["bytes"] for file in files)
    held = pq.read_schema(io.BytesIO(shop.body(files[0]["key"])))
    assert held.names == list(COLUMNS) and held.field("gross_revenue").type == pa.decimal128(18, 4)
    assert shop.read(shop.lake.latest()) == shop.rows()
    assert audited(shop) == [(1, 4, 4, 7, 7, True, "v1")]


def test_csv_fields_survive_a_round_trip(shop: Shop):
    shop.warehouse.execute(f"truncate table marts.{MART}")
    for number, value in enumerate(AWKWARD):
        shop.sell(f"O{number}", 1, "-0.0001", customer=value)
    manifest = shop.export(definition=replace(WHOLE, format="csv"))
    [file] = manifest.parts[0].files
    assert file.key.endswith(".csv.gz") and (file.rows, manifest.money) == (10, {"gross_revenue": "-0.0010"})
    text = gzip.decompress(shop.body(file.key)).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["customer_key"] for row in rows] == [value or "" for value in AWKWARD]
    assert [f'"O{number}",,' in text for number in range(len(AWKWARD))] == [value is None for value in AWKWARD]
    assert rows[0]["gross_revenue"] == "-0.0001" and rows[0]["ordered_at"] == "2026-06-01 09:30:00.123000"


def test_only_days_that_changed_are_written_and_the_manifest_holds_them_all(shop: Shop):
    first = shop.export("first")
    before = {key: shop.body(key) for key in shop.objects() if key.endswith(".parquet")}
    shop.warehouse.execute(f"update marts.{MART} set gross_revenue = 10.4999 where order_id = 'O2A'")
    shop.warehouse.execute(f"update marts.{MART} set build_number = 2")  # built again as they were
    shop.warehouse.execute(f"delete from marts.{MART} where order_day = '2026-06-03'")
    shop.sell("O5", 5, "1")
    shop.build()
    second = shop.export("second")
    assert written(second) == ["2026-06-02", "2026-06-05"]
    assert [part.day for part in second.parts] == ["2026-06-01", "2026-06-02", "2026-06-05"]
    assert shop.read(shop.lake.latest()) == shop.rows()
    assert {key: shop.body(key) for key in before} == before
    assert shop.read(first) != shop.read(second)
    assert audited(shop)[1] == (2, 3, 2, 5, 3, True, "v1")


def test_an_export_without_a_change_writes_no_file(shop: Shop):
    for definition in (BY_DAY, WHOLE):
        shop.lake.remove(shop.objects())
        shop.export("first", definition)
        data = {key for key in shop.objects() if key.endswith(".parquet")}
        shop.build()
        assert written(shop.export("second", definition)) == []
        assert {key for key in shop.objects() if key.endswith(".parquet")} == data
        assert shop.read(shop.lake.latest()) == shop.rows()
        assert written(shop.export("third", definition, full=True)) != []


def test_a_run_that_died_goes_on_at_the_first_unfinished_day(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    finish = shop.lake.write_part

    def die(part: Any) -> None:
        if part.day == "2026-06-02":
            raise KeyboardInterrupt
        finish(part)

    monkeypatch.setattr(shop.lake, "write_part", die)
    with pytest.raises(KeyboardInterrupt):
        shop.export()
    assert shop.lake.latest() is None and not any(key.endswith("manifest.json") for key in shop.objects())
    left = {key for key in shop.objects() if key.endswith(".parquet")}
    assert len(left) == 2  # of the finished day, and of the one that was cut off

    monkeypatch.setattr(shop.lake, "write_part", finish)
    unloaded = []
    run = Warehouse.run
    monkeypatch.setattr(
        Warehouse,
        "run",
        lambda self, file, *values, **names: unloaded.append(file) or run(self, file, *values, **names),
    )
    manifest = shop.export()
    assert unloaded.count("export/unload_parquet.sql") == 2
    named = {file.key for part in manifest.parts for file in part.files}
    assert {key for key in shop.objects() if key.endswith(".parquet")} == named and len(named & left) == 1
    assert shop.read(shop.lake.latest()) == shop.rows()

    assert shop.export() == replace(manifest, exported_at=shop.lake.latest().exported_at)  # cleared once more
    assert len(audited(shop)) == 1


def spoiled(shop: Shop, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pa.Table], pa.Table]) -> None:
    """Every file that arrives is another than what was unloaded."""
    run = Warehouse.run

    def run_and_spoil(self: Warehouse, file: str, *values: Any, **names: Any) -> Any:
        cursor = run(self, file, *values, **names)
        if file.startswith("export/unload"):
            for key in shop.lake.sizes(names["folder"]):
                buffer = io.BytesIO()
                pq.write_table(spoil(pq.read_table(io.BytesIO(shop.body(key)))), buffer)
                shop.lake.s3.put_object(Bucket=shop.lake.bucket, Key=key, Body=buffer.getvalue())
        return cursor

    monkeypatch.setattr(Warehouse, "run", run_and_spoil)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table.slice(1), "holds 1 rows, but 2 were unloaded"),
        (
            lambda table: table.set_column(3, "gross_revenue", pa.array([Decimal("10.5"), None], pa.decimal128(18, 4))),
            r"2 rows \(gross_revenue 10\.5000\) arrived in .* but the mart holds 2 rows \(gross_revenue 10\.5001\)",
        ),
    ],
)
def test_what_is_not_what_the_mart_holds_is_no_export(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pa.Table], pa.Table], message: str
):
    first = shop.export("first")
    shop.sell("O1C", 2, "0")
    shop.warehouse.execute(f"delete from marts.{MART} where order_id = 'O2B'")
    shop.warehouse.execute(f"update marts.{MART} set gross_revenue = 10.5001 where order_id = 'O2A'")
    with monkeypatch.context() as patch:
        spoiled(shop, patch, spoil)
        with pytest.raises(ExportError, match=message):
            shop.export("second")
    assert shop.lake.latest() == first
    assert shop.lake.manifest(shop.order("second").export_id) is None
    assert len(audited(shop)) == 1
    assert written(shop.export("second")) == ["2026-06-02"]
    assert shop.read(shop.lake.latest()) == shop.rows()


def test_rows_that_the_unload_left_out_are_missed(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "_chosen_rows", lambda order, day: "order_day = %(day)s and order_id like '%%A'")
    with pytest.raises(ExportError, match=r"1 rows .* arrived .* holds 2 rows"):
        shop.export()
    assert shop.lake.latest() is None


def test_an_export_gives_way_to_a_build(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    first = shop.export("first")
    stale = shop.order("second")
    shop.begin_build()
    with pytest.raises(Superseded, match="build 2 is at work"):
        export(shop.warehouse, shop.lake, stale, "v1")
    shop.warehouse.execute("update intermediate.int_build set build_number = 1")  # as if it had not begun

    shop.sell("O1C", 1, "1")
    finish = ExportLake.write_part
    with monkeypatch.context() as patch:
        patch.setattr(ExportLake, "write_part", lambda self, part: (finish(self, part), shop.build()))
        with pytest.raises(Superseded, match="build 2 has finished; this run began with build 1"):
            shop.export("third")
    assert shop.lake.latest() == first and len(audited(shop)) == 1
    assert shop.lake.manifest(replace(stale, run_id="third").export_id) is None


def test_a_mart_that_changes_without_a_build_is_exported_by_the_next_try(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    finish = ExportLake.write_part
    with monkeypatch.context() as patch:
        patch.setattr(
            ExportLake, "write_part", lambda self, part: (finish(self, part), shop.sell(f"late {part.day}", 1, "1"))
        )
        with pytest.raises(ExportError, match="has changed while it was exported") as raised:
            shop.export()
    assert not isinstance(raised.value, Superseded)  # that would leave it to a build that does not come
    assert shop.lake.latest() is None
    assert shop.export().rows == 9
    assert shop.read(shop.lake.latest()) == shop.rows()


def test_some_days_or_another_format_leave_the_pointer_where_it_was(shop: Shop):
    whole = shop.export("first")
    raw = {"mart": "fct_orders", "format": "parquet", "start": "2026-06-02", "end": "2026-06-03", "full": False}
    order = exporting.ordered({**raw, "build_number": 1}, "second")
    assert (order.start_day, order.end_day, order.is_latest) == (date(2026, 6, 2), date(2026, 6, 3), False)
    some = export(shop.warehouse, shop.lake, replace(order, definition=BY_DAY), "v1").manifest
    assert ([part.day for part in some.parts], some.start_day, some.end_day) == (
        ["2026-06-02"],
        "2026-06-02",
        "2026-06-03",
    )
    assert written(some) == []  # the files of the whole export hold the day already
    as_csv = shop.export("third", replace(BY_DAY, format="csv"), is_latest=False)
    assert written(as_csv) == ["2026-06-01", "2026-06-02", "2026-06-03"]
    assert shop.lake.latest() == whole


def test_files_that_are_gone_are_written_again(shop: Shop):
    first = shop.export("first")
    shop.lake.remove([first.parts[1].files[0].key])
    assert written(shop.export("second")) == ["2026-06-02"]
    assert shop.read(shop.lake.latest()) == shop.rows()


def test_other_columns_are_another_content(shop: Shop):
    shop.export("first")
    fewer = replace(BY_DAY, columns=("order_id", "order_day"))
    second = shop.export("second", fewer)
    assert len(written(second)) == 3
    assert shop.read(second) == shop.rows("order_id, order_day")


def test_a_mart_without_rows_is_exported_as_such(shop: Shop):
    shop.warehouse.execute(f"truncate table marts.{MART}")
    for definition in (BY_DAY, WHOLE):
        manifest = shop.export("empty", definition, full=True)
        assert (manifest.rows, manifest.bytes, shop.read(manifest)) == (0, 0, [])
    assert shop.lake.latest() is not None


def test_a_mart_that_is_not_as_declared_is_refused(shop: Shop):
    with pytest.raises(ExportError, match="has no column colour"):
        shop.export(definition=replace(BY_DAY, columns=("order_id", "colour")))
    with pytest.raises(ExportError, match="order_id is TEXT, and days are a DATE"):
        shop.export(definition=replace(BY_DAY, by="order_id"))
    with pytest.raises(ExportError, match="no build has finished yet"):
        shop.warehouse.execute("truncate table audit.builds")
        shop.export()
