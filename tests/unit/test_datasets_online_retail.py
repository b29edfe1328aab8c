"""UCI Online Retail: every line once, and the reference answers straight from the prepared files."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from local.datasets import DatasetError, prepare

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SOURCE = SHARED / "online_retail" / "online_retail_i.parquet"
EXPECTED = SHARED / "expected" / "online_retail"
needs_reference = pytest.mark.skipif(not SOURCE.is_file(), reason=f"the real data is not there: {SOURCE}")

HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
LINES: list[tuple[Any, ...]] = [
    ("536365", "85123a ", "HEART £5", 6, datetime.fromisoformat("2010-12-01 08:26"), 2.55, 17850, "United Kingdom"),
    ("536365", "71053", "LANTERN", 2, datetime.fromisoformat("2010-12-01 08:27"), 3.395, 17850, "United Kingdom"),
    ("C536379", "D", "Discount", -1, datetime.fromisoformat("2011-06-01 09:41"), 27.5, 14527, "United Kingdom"),
    ("C536380", "M", "Manual", 1, datetime.fromisoformat("2011-06-01 09:42"), 3, None, "United Kingdom"),
    (
        "A563185",
        "B",
        "Adjust bad debt",
        1,
        datetime.fromisoformat("2011-08-12 14:50"),
        -11062.06,
        None,
        "United Kingdom",
    ),
    ("536414", "22139", None, -56, datetime.fromisoformat("2010-12-01 11:52"), 0, None, "United Kingdom"),
    ("536520", "85123A", "HEART, RED", 1, datetime.fromisoformat("2010-12-01 12:43"), 2.1, 14729, "Eire"),
    ("536520", "POST", "POSTAGE", 1, datetime.fromisoformat("2010-12-01 12:43"), 0, 14729, "Eire"),
    ("536530", "85123A", "HEART £5", 1, datetime.fromisoformat("2011-12-09 12:43"), 2.1, 14729, "France"),
]


def database_of(directory: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'Europe/London'")
    for table in ("customers", "products", "orders", "order_items", "refunds"):
        connection.execute(f"create view {table} as from '{directory}/{table}.parquet'")
    connection.execute(
        "create view sales as select items.*, customer_id, cast(ordered_at as timestamp) as ordered_at "
        "from order_items as items join orders using (order_id) "
        "where status not in ('cancelled', 'test') and unit_price > 0 and quantity > 0"
    )
    return connection


def rows(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(query).fetchall()


def differing(database: duckdb.DuckDBPyConnection, found: str, expected: str) -> int:
    """How many rows two queries do not share."""
    return int(
        rows(
            database,
            f"select count(*) from ((({found}) except all ({expected})) union all (({expected}) except all ({found})))",
        )[0][0]
    )


def reference(name: str) -> str:
    return f"read_csv('{EXPECTED / name}', header = true)"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(f"online_retail:{SOURCE}", tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def database(real: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with database_of(real) as connection:
        yield connection


@needs_reference
def test_every_source_line_is_one_line_or_one_refund(real: Path, database: duckdb.DuckDBPyConnection) -> None:
    description = json.loads((real / "dataset.json").read_text())
    assert description["source_lines"] == 541_909
    assert description["rows"]["order_items"] + description["rows"]["refunds"] == 541_909
    assert (description["first_day"], description["last_day"]) == ("2010-12-01", "2011-12-09")
    assert rows(database, "select count(*), sum(amount), count(*) filter (amount <= 0) from refunds") == [
        (9_288, Decimal("896812.4900"), 0)
    ]
    flawed = "select count(*) filter (quantity < 1), count(*) filter (unit_price < 0) from order_items"
    assert rows(database, flawed) == [(1_336, 2)]
    keys = "select count(distinct order_item_id) = count(*) from order_items"
    assert rows(database, keys) == [(True,)]


@needs_reference
def test_orders_customers_and_revenue(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select count(distinct order_id), count(distinct order_id) filter (customer_id is not null), "
        "count(distinct customer_id), sum(line_amount) filter (customer_id is not null), sum(line_amount), count(*) "
        "from sales"
    )
    assert rows(database, query) == [
        (19_959, 18_532, 4_338, Decimal("8911407.9040"), Decimal("10655622.4840"), 530_103)
    ]
    known = "count(*) filter (customer_id is not null)"
    orders = f"select count(*), {known}, sum(total_amount) from orders where status = 'completed'"
    assert rows(database, orders) == [(19_959, 18_532, Decimal("10655622.4840"))]
    assert rows(database, "select count(*), sum(total_amount) from orders where status = 'cancelled'") == [(2_105, 0)]


@needs_reference
@pytest.mark.parametrize(
    ("file", "condition"),
    [("i_monthly_known_customers.csv", "customer_id is not null"), ("i_monthly_all_sales.csv", "true")],
)
def test_monthly_revenue(database: duckdb.DuckDBPyConnection, file: str, condition: str) -> None:
    found = (
        "select strftime(ordered_at, '%Y-%m') as month, count(*), count(distinct order_id), sum(quantity)::bigint, "
        f"sum(line_amount)::decimal(18, 4) from sales where {condition} group by 1"
    )
    expected = f"select month, rows, orders, units, revenue::decimal(18, 4) from {reference(file)}"
    assert differing(database, found, expected) == 0


@needs_reference
def test_net_revenue_takes_the_refunds_off(database: duckdb.DuckDBPyConnection) -> None:
    found = (
        "select month, sum(amount)::decimal(18, 4) "
        "from (select strftime(ordered_at, '%Y-%m') as month, line_amount as amount from sales "
        "where customer_id is not null union all select strftime(refunded_at::timestamp, '%Y-%m'), -amount "
        "from refunds where customer_id is not null) group by 1"
    )
    expected = f"select month, net_revenue::decimal(18, 4) from {reference('i_monthly_net_known_customers.csv')}"
    assert differing(database, found, expected) == 0


@needs_reference
def test_cohorts(database: duckdb.DuckDBPyConnection) -> None:
    query = """
        with months as (
            select distinct customer_id, date_trunc('month', ordered_at) as month
            from sales
            where customer_id is not null
        ),
        firsts as (select *, min(month) over (partition by customer_id) as cohort from months)
        select strftime(cohort, '%Y-%m'), date_diff('month', cohort, month), count(*) from firsts group by all
    """
    with (EXPECTED / "i_cohort_counts.csv").open() as file:
        table = list(csv.reader(file))
    header = next(row for row in table if row[0] == "cohort_month")
    expected = {
        (row[0], int(float(month))): int(float(count))
        for row in table
        if row[0][:2] == "20"
        for month, count in zip(header[1:], row[1:], strict=True)
        if count and float(count)
    }
    assert {(cohort, month): count for cohort, month, count in rows(database, query)} == expected


@needs_reference
def test_rfm_raw_values(database: duckdb.DuckDBPyConnection) -> None:
    found = (
        "select customer_id, date_diff('day', max(ordered_at)::date, date '2011-12-10'), count(distinct order_id), "
        "sum(line_amount)::decimal(18, 4) from sales where customer_id is not null group by 1"
    )
    expected = (
        f"select CustomerID::varchar, recency_days, frequency, monetary::decimal(18, 4) from "
        f"{reference('i_rfm_per_customer.csv.gz')}"
    )
    assert differing(database, found, expected) == 0


@needs_reference
def test_all_product_pairs(database: duckdb.DuckDBPyConnection) -> None:
    database.execute(
        "create or replace temp table numbered as "
        "select product_id, row_number() over (order by product_id) as number from products where is_merchandise"
    )
    database.execute(
        "create or replace temp table baskets as "
        "select distinct cast(order_id as bigint) as basket, number from sales join numbered using (product_id)"
    )
    total = rows(database, "select count(distinct basket) from baskets")[0][0]
    assert total == 19_773
    database.execute(
        "create or replace temp table pairs as "
        "with counts as (select number, count(*) as n from baskets group by 1), "
        f"frequent as (select baskets.* from baskets join counts using (number) where n >= 0.01 * {total}) "
        "select a.number as a, b.number as b, count(*) as n from frequent a join frequent b using (basket) "
        f"where a.number < b.number group by 1, 2 having count(*) >= 0.01 * {total}"
    )
    found = (
        "select one.product_id, other.product_id, n from pairs "
        "join numbered one on one.number = a join numbered other on other.number = b"
    )
    expected = f"select item_a, item_b, pair_count from {reference('i_pairs_all_minsup001.csv')}"
    assert rows(database, "select count(*) from pairs") == [(910,)]
    assert differing(database, found, expected) == 0


@needs_reference
def test_versions_of_customers_are_their_moves(database: duckdb.DuckDBPyConnection) -> None:
    found = (
        "select customer_id, country, updated_at::timestamp from customers where customer_id in "
        "(select customer_id from sales)"
    )
    expected = f"select CustomerID::varchar, Country, valid_from from {reference('i_scd2_customer_country.csv.gz')}"
    assert differing(database, found, expected) == 0
    assert rows(database, "select count(distinct customer_id), count(*) from customers") == [(4_372, 4_387)]


def write_csv(path: Path, lines: Iterable[tuple[Any, ...]], moment: str = "%m/%d/%Y %H:%M") -> Path:
    """The lines as the UCI file stands in CSV: Windows text."""
    with path.open("w", encoding="latin-1", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for line in lines:
            writer.writerow(value.strftime(moment) if isinstance(value, datetime) else value for value in line)
    return path


def write_xlsx(path: Path, lines: Iterable[tuple[Any, ...]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    for line in lines:
        sheet.append(int(value) if index == 0 and str(value).isdigit() else value for index, value in enumerate(line))
    book.save(path)
    return path


def test_csv_and_xlsx_give_the_same_rows(tmp_path: Path) -> None:
    files = [write_csv(tmp_path / "retail.csv", LINES), write_xlsx(tmp_path / "retail.xlsx", LINES)]
    tables = [
        {
            table: rows(database, f"from {table}")
            for table in ("customers", "products", "orders", "order_items", "refunds")
        }
        for database in (database_of(prepare(f"online_retail:{file}", tmp_path)) for file in files)
    ]
    assert tables[0] == tables[1]
    assert len(tables[0]["order_items"]) + len(tables[0]["refunds"]) == len(LINES)


def test_each_kind_of_line_finds_its_place(tmp_path: Path) -> None:
    database = database_of(prepare(f"online_retail:{write_csv(tmp_path / 'retail.csv', LINES)}", tmp_path))
    assert rows(database, "select order_id, status, total_amount, country from orders order by 1") == [
        ("536365", "completed", Decimal("22.0900"), "United Kingdom"),
        ("536414", "cancelled", 0, "United Kingdom"),
        ("536520", "completed", Decimal("2.1000"), "Eire"),
        ("536530", "completed", Decimal("2.1000"), "France"),
        ("A563185", "cancelled", 0, "United Kingdom"),
    ]
    assert rows(database, "select refund_id, customer_id, product_id, quantity, amount from refunds order by 1") == [
        ("C536379-1", "14527", "D", 1, Decimal("27.5000")),
        ("C536380-1", None, "M", 1, Decimal("-3.0000")),  # money taken by a credit note: the gate's business
    ]
    assert rows(database, "select order_item_id, quantity, line_amount from order_items where order_id = '536365'") == [
        ("536365-1", 6, Decimal("15.3000")),
        ("536365-2", 2, Decimal("6.7900")),
    ]
    assert rows(database, "select customer_id, country from customers order by updated_at, customer_id") == [
        ("17850", "United Kingdom"),
        ("14729", "Eire"),
        ("14527", "United Kingdom"),
        ("14729", "France"),
    ]
    assert rows(
        database, "select name, is_merchandise from products where product_id in ('85123A', 'POST') order by 1"
    ) == [
        ("HEART £5", True),
        ("POSTAGE", False),
    ]


def test_times_are_those_of_london(tmp_path: Path) -> None:
    database = database_of(prepare(f"online_retail:{write_csv(tmp_path / 'retail.csv', LINES)}", tmp_path))
    database.execute("set timezone = 'UTC'")
    assert rows(database, "select ordered_at::timestamp from orders where order_id = '536365'") == [
        (datetime.fromisoformat("2010-12-01 08:26"),)
    ]
    assert rows(database, "select refunded_at::timestamp from refunds where refund_id = 'C536379-1'") == [
        (datetime.fromisoformat("2011-06-01 08:41"),)
    ]


def test_an_invoice_of_two_customers_is_refused(tmp_path: Path) -> None:
    lines = [LINES[0], (*LINES[1][:6], 17851, "United Kingdom")]
    with pytest.raises(DatasetError, match="row 1, column CustomerID: invoice 536365 has more than one"):
        prepare(f"online_retail:{write_csv(tmp_path / 'retail.csv', lines)}", tmp_path)


def test_bad_values_are_told_with_file_row_and_column(tmp_path: Path) -> None:
    bad = [LINES[0], ("536366", "1", "x", "six", "someday", "free", 1, "France"), (None, *LINES[0][1:])]
    file = write_csv(tmp_path / "retail.csv", bad)
    with pytest.raises(DatasetError) as error:
        prepare(f"online_retail:{file}", tmp_path)
    assert str(error.value).splitlines() == [
        f"{file}: 4 problems",
        "  row 2, column Quantity: not a whole number: 'six'",
        "  row 2, column InvoiceDate: not a date and time: 'someday'",
        "  row 2, column UnitPrice: not an amount: 'free'",
        "  row 3, column InvoiceNo: empty",
    ]


def test_a_missing_column_and_a_missing_file_are_named(tmp_path: Path) -> None:
    file = tmp_path / "retail.csv"
    file.write_text("InvoiceNo,StockCode\n1,2\n")
    with pytest.raises(DatasetError, match=r"retail.csv: missing columns Quantity, InvoiceDate, UnitPrice \(found"):
        prepare(f"online_retail:{file}", tmp_path)
    with pytest.raises(DatasetError, match=r"no such file: nowhere\.csv"):
        prepare("online_retail:nowhere.csv", tmp_path)
