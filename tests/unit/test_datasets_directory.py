"""One's own directory: what its files may leave out, and how each mistake in them is told."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local.datasets import DatasetError, prepare
from local.datasets.layout import ROW_TABLES, TABLES

ORDERS = "order_id,ordered_at\n1,2026-05-01 10:00\n2,2026-05-02T00:30:00+01:00\n"
ITEMS = "order_id,product_id,quantity,unit_price\n1,A,2,1.25\n1,B,1,0.5\n2,A,3,1.3333\n"


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    """The least a directory must hold."""
    directory = tmp_path / "extract"
    directory.mkdir()
    (directory / "orders.csv").write_text(ORDERS)
    (directory / "order_items.csv").write_text(ITEMS)
    return directory


def read(directory: Path, state: Path, query: str) -> list[tuple[Any, ...]]:
    prepared = prepare(str(directory), state)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for layout in ROW_TABLES:
        connection.execute(f"create view {layout.name} as from '{prepared}/{layout.name}.parquet'")
    connection.execute(
        f"create view events as from read_parquet('{prepared}/events/*/*.parquet', hive_partitioning = true, "
        "hive_types = {'day': date})"
    )
    return connection.execute(query).fetchall()


def problems(directory: Path, state: Path) -> list[str]:
    with pytest.raises(DatasetError) as error:
        prepare(str(directory), state)
    assert list((state / "datasets").rglob("*.parquet")) == []
    return str(error.value).splitlines()


def test_a_prepared_data_set_is_a_directory_of_ones_own(tmp_path: Path) -> None:
    first = prepare("simulated:customers=30,days=20", tmp_path / "first")
    second = prepare(str(first), tmp_path / "second")
    for name in TABLES:
        files = f"{name}/*/*.parquet" if name == "events" else f"{name}.parquet"
        here, there = (f"from read_parquet('{path}/{files}', hive_partitioning = true)" for path in (first, second))
        assert duckdb.sql(f"({here}) except all ({there})").fetchall() == [], name
        assert duckdb.sql(f"({there}) except all ({here})").fetchall() == [], name
    kept = [json.loads((path / "dataset.json").read_text()) for path in (first, second)]
    assert all(kept[0][key] == kept[1][key] for key in ("first_day", "last_day", "timezone", "currency", "rows"))


def test_what_is_left_out_has_a_default(extract: Path, tmp_path: Path) -> None:
    orders = "select order_id, status, currency, total_amount, ordered_at = updated_at from orders order by 1"
    assert read(extract, tmp_path, orders) == [
        ("1", "completed", "GBP", Decimal("3.0000"), True),
        ("2", "completed", "GBP", Decimal("3.9999"), True),
    ]
    lines = "select order_item_id, discount_amount, line_amount, updated_at::timestamp from order_items order by 1"
    assert read(extract, tmp_path, lines) == [
        ("1-1", 0, Decimal("2.5000"), datetime.fromisoformat("2026-05-01 09:00")),
        ("1-2", 0, Decimal("0.5000"), datetime.fromisoformat("2026-05-01 09:00")),
        ("2-1", 0, Decimal("3.9999"), datetime.fromisoformat("2026-05-01 23:30")),
    ]
    products = "select product_id, name, is_merchandise, is_active, created_at::timestamp from products order by 1"
    assert read(extract, tmp_path, products) == [
        ("A", None, True, True, datetime.fromisoformat("2026-05-01 09:00")),
        ("B", None, True, True, datetime.fromisoformat("2026-05-01 09:00")),
    ]
    assert read(extract, tmp_path, "select count(*) from customers union all select count(*) from refunds") == [
        (0,),
        (0,),
    ]
    prepared = prepare(str(extract), tmp_path)
    assert sorted(path.name for path in (prepared / "events").iterdir()) == ["day=2026-05-01", "day=2026-05-02"]


def test_dataset_json_gives_time_zone_and_currency(extract: Path, tmp_path: Path) -> None:
    (extract / "dataset.json").write_text('{"timezone": "America/New_York", "currency": "USD", "title": "Mine"}')
    found = read(extract, tmp_path, "select ordered_at::timestamp, currency from orders order by 1")
    assert (
        found
        == [(datetime.fromisoformat("2026-05-01 14:00"), "USD"), (datetime.fromisoformat("2026-05-01 23:30"), "USD")][
            ::1
        ]
    )
    description = json.loads((prepare(str(extract), tmp_path) / "dataset.json").read_text())
    assert (description["title"], description["first_day"], description["last_day"]) == (
        "Mine",
        "2026-05-01",
        "2026-05-01",
    )


def test_times_the_clocks_skip_or_repeat_are_still_one_moment(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").write_text("order_id,ordered_at\n1,2026-03-29 01:30\n2,2026-10-25 01:30\n")
    found = read(extract, tmp_path, "select ordered_at::timestamp::text from orders order by 1")
    assert found == [
        ("2026-03-29 01:30:00",),
        ("2026-10-25 01:30:00",),
    ]  # UTC: 02:30 in summer time, 01:30 in winter time


def test_the_line_amount_is_enough_and_leads(extract: Path, tmp_path: Path) -> None:
    (extract / "order_items.csv").write_text("order_id,product_id,quantity,line_amount\n1,A,3,10\n2,A,0,1\n")
    found = read(extract, tmp_path, "select unit_price, line_amount from order_items order by order_id")
    assert found == [(Decimal("3.3333"), Decimal("10.0000")), (Decimal("1.0000"), Decimal("1.0000"))]


def test_customers_the_orders_name_are_added_and_versions_are_kept(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").write_text(
        "order_id,ordered_at,customer_id\n1,2026-05-01 10:00,C1\n2,2026-05-02 10:00,C2\n"
    )
    (extract / "customers.csv").write_text(
        "Customer ID;Email;Updated_At;is_deleted\nC1;a@b.c;2026-04-30;no\nC1;;2026-05-01 12:00;yes\n"
    )
    query = "select customer_id, email, is_deleted, created_at = updated_at from customers order by updated_at"
    assert read(extract, tmp_path, query) == [
        ("C1", "a@b.c", False, True),
        ("C1", None, True, True),
        ("C2", None, False, True),
    ]


def test_the_newest_of_several_states_of_an_order_counts(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").write_text(
        "order_id,ordered_at,status,updated_at\n1,2026-05-01,completed,2026-05-04\n1,2026-05-01,paid,2026-05-02\n"
        "2,2026-05-01,paid,\n"
    )
    query = "select order_id, status from orders order by 1"
    assert read(extract, tmp_path, query) == [("1", "completed"), ("2", "paid")]


def test_events_in_one_file_are_sorted_into_days(extract: Path, tmp_path: Path) -> None:
    (extract / "events.csv").write_text(
        "event_name,event_at,user_pseudo_id,items\n"
        'view_item,2026-05-01 23:59:59.5,u,"[{""item_id"": ""A"", ""price"": ""1.25"", ""quantity"": 1}]"\n'
        "page_view,2026-05-02 00:00,u,\npage_view,2026-05-01 23:59:59.5,u,\n"
    )
    query = (
        "select day::text, event_name, event_sequence, items is null from events order by day, event_at, event_sequence"
    )
    assert read(extract, tmp_path, query) == [
        ("2026-05-01", "view_item", 1, False),
        ("2026-05-01", "page_view", 3, True),
        ("2026-05-02", "page_view", 2, True),
    ]


def test_events_in_folders_belong_to_the_folders_day(extract: Path, tmp_path: Path) -> None:
    for day in ("2026-05-01", "2026-05-03"):
        folder = extract / "events" / f"day={day}"
        folder.mkdir(parents=True)
        (folder / "part-0.csv").write_text("event_name,event_at,user_pseudo_id\npage_view,2026-05-01 10:00,u" + day)
    assert read(extract, tmp_path, "select day::text from events order by 1") == [("2026-05-01",), ("2026-05-03",)]
    assert len(list((prepare(str(extract), tmp_path) / "events").iterdir())) == 3


def test_parquet_with_other_types_and_several_parts(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").unlink()
    (extract / "orders").mkdir()
    moment = datetime(2026, 5, 1, 10, tzinfo=UTC)
    one = pa.table({"order_id": [1.0], "ordered_at": pa.array([moment]), "total_amount": [12.34], "note": ["x"]})
    two = pa.table({"order_id": [2.0], "ordered_at": pa.array([moment]), "total_amount": [5.0]})
    pq.write_table(one, extract / "orders" / "a.parquet")
    pq.write_table(two, extract / "orders" / "b.parquet")
    told: list[str] = []
    prepared = prepare(str(extract), tmp_path, told.append)
    found = duckdb.sql(f"select order_id, total_amount from '{prepared}/orders.parquet' order by 1").fetchall()
    assert found == [("1", Decimal("12.3400")), ("2", Decimal("5.0000"))]
    assert "left out of orders: note (not in the layout)" in told


def test_compressed_csv_is_read(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").unlink()
    with gzip.open(extract / "orders.csv.gz", "wt") as file:
        file.write("\ufeff" + ORDERS)
    assert read(extract, tmp_path, "select count(*) from orders") == [(2,)]


def test_a_changed_file_is_prepared_again_and_an_unchanged_one_is_not(extract: Path, tmp_path: Path) -> None:
    first = prepare(str(extract), tmp_path)
    assert prepare(str(extract), tmp_path, lambda message: pytest.fail(message)) == first
    (extract / "order_items.csv").write_text(ITEMS + "2,B,1,1\n")
    assert prepare(str(extract), tmp_path) != first


BAD_VALUES = [
    ("orders.csv", "order_id,ordered_at\n1,2026-05-01\n,2026-05-01\n", "row 2, column order_id: empty"),
    ("orders.csv", "order_id,ordered_at\n1,May\n", "row 1, column ordered_at: not a date and time: 'May'"),
    ("orders.csv", "order_id,ordered_at\n1,\n", "row 1, column ordered_at: empty"),
    (
        "orders.csv",
        "order_id,ordered_at,status\n1,2026-05-01,lost\n",
        "row 1, column status: not one of pending, paid, shipped, completed, cancelled, test: 'lost'",
    ),
    (
        "orders.csv",
        "order_id,ordered_at,total_amount\n1,2026-05-01,1e99\n",
        "column total_amount: not an amount: '1e99'",
    ),
    (
        "order_items.csv",
        "order_id,product_id,quantity,unit_price\n1,A,1.5,1\n1,A,1,1.23456\n1,A,x,y\n",
        "row 1, column quantity: not a whole number: '1.5'\n"
        "  row 2, column unit_price: more than four decimals: '1.23456'\n"
        "  row 3, column quantity: not a whole number: 'x'\n"
        "  row 3, column unit_price: not an amount: 'y'",
    ),
    (
        "order_items.csv",
        "order_id,product_id,quantity,unit_price\n1,A,1,1\n9,A,1,1\n1,A,1,\n",
        "row 2, column order_id: no such order: 9\n  row 3, columns unit_price and line_amount: both empty",
    ),
    (
        "order_items.csv",
        "order_item_id,order_id,product_id,quantity,unit_price,updated_at\nL,1,A,1,1,2026-05-01\nM,1,A,1,1,\nL,1,A,2,1,2026-05-01\n",
        "row 3: order_item_id L, updated_at 2026-05-01 00:00:00+01 stands already in row 1",
    ),
    (
        "customers.csv",
        "customer_id,updated_at\nC1,2026-05-01\nC1,2026-05-01\n",
        "row 2: customer_id C1, updated_at 2026-05-01 00:00:00+01 stands already in row 1",
    ),
    ("products.csv", "product_id,is_active\nA,maybe\n", "row 1, column is_active: neither true nor false: 'maybe'"),
    ("refunds.csv", "refund_id,amount,refunded_at\nR,,2026-05-01\n", "row 1, column amount: empty"),
    (
        "events.csv",
        "event_name,event_at,user_pseudo_id,items\n"
        'a,2026-05-01,u,"[{"\nb,2026-05-01,u,"[{""id"": 1}]"\nc,2026-05-01,u,{}\n',
        "row 1, column items: not a JSON array: '[{'\n"
        "  row 2, column items: an item without item_id: '[{\"id\": 1}]'\n"
        "  row 3, column items: not a JSON array: '{}'",
    ),
]


@pytest.mark.parametrize(("file", "text", "message"), BAD_VALUES)
def test_each_bad_value_is_told_with_file_row_and_column(
    extract: Path, tmp_path: Path, file: str, text: str, message: str
) -> None:
    (extract / file).write_text(text)
    found = "\n".join(problems(extract, tmp_path))
    assert found.startswith(str(extract / file)), found
    assert message in found


def test_all_problems_of_a_file_are_counted_and_the_first_twenty_listed(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").write_text("order_id,ordered_at\n" + "1,never\n" * 30)
    found = problems(extract, tmp_path)
    assert found[0] == f"{extract / 'orders.csv'}: 30 problems"
    assert found[1] == "  row 1, column ordered_at: not a date and time: 'never'"
    assert found[-1] == "  and 10 more"
    assert len(found) == 22


def test_a_problem_in_one_of_several_files_names_the_file(extract: Path, tmp_path: Path) -> None:
    (extract / "refunds").mkdir()
    (extract / "refunds" / "a.csv").write_text("refund_id,amount,refunded_at\nR1,1,2026-05-01\n")
    (extract / "refunds" / "b.csv").write_text("refund_id,amount,refunded_at\nR2,1,2026-05-01\nR1,1,2026-05-01\n")
    found = problems(extract, tmp_path)
    assert found[0] == f"{extract / 'refunds'}: 1 problem"
    assert found[1].endswith("stands already in a.csv row 1")
    assert found[1].startswith("  b.csv row 2: refund_id R1")


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "orders.csv",
            "order_id,placed\n1,2026-05-01\n",
            r"orders.csv: missing column ordered_at \(found: order_id, placed",
        ),
        ("orders.csv", "", "orders.csv: no header line"),
        ("orders.csv", "order_id,ordered_at\n", "orders.csv: no rows"),
        ("orders.csv", "order_id,order_id\n1,2\n", "orders.csv: column 'order_id' stands twice in the header"),
        ("orders.csv", "order_id,ordered_at\n1,2026-05-01,3\n", r"orders.csv: cannot be read: .*[Ll]ine: 2"),
        ("orders.csv", "order_id,ordered_at\n1,0206-05-01\n2,2026-05-01\n", "0206-05-01 .*wrong date"),
        ("orders.parquet", "no parquet", "orders stands there more than once: orders.parquet, orders.csv"),
        ("customers.parquet", "no parquet", "customers.parquet: cannot be read"),
        ("customers.csv.gz", "not compressed", "customers.csv.gz: cannot be read"),
        ("dataset.json", "{", "dataset.json: not JSON"),
        ("dataset.json", "[]", "dataset.json: not a JSON object"),
        ("dataset.json", '{"timezone": "Mars"}', "timezone 'Mars' is not an IANA name"),
        ("dataset.json", '{"timezone": "../../etc/passwd"}', "is not an IANA name"),
        ("dataset.json", '{"currency": "pounds"}', "currency 'pounds' is not three letters"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(
    extract: Path, tmp_path: Path, file: str, text: str, message: str
) -> None:
    (extract / file).write_text(text)
    with pytest.raises(DatasetError, match=f"(?s){message}"):
        prepare(str(extract), tmp_path)


def test_text_in_another_encoding_is_told_with_its_line(extract: Path, tmp_path: Path) -> None:
    (extract / "customers.csv").write_bytes("customer_id,city\nC1,Leeds\nC2,Köln\n".encode("latin-1"))
    assert problems(extract, tmp_path) == [f"{extract / 'customers.csv'}: line 3 is not utf-8 text"]


def test_orders_must_be_there(extract: Path, tmp_path: Path) -> None:
    (extract / "orders.csv").unlink()
    with pytest.raises(DatasetError, match=r"no orders\.parquet or orders\.csv"):
        prepare(str(extract), tmp_path)
    with pytest.raises(DatasetError, match="no such data set or directory: elsewhere"):
        prepare("elsewhere", tmp_path)
