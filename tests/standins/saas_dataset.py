"""A tiny data set for the tests of the hosted services, in the layout of docs/datasets.md."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FIRST_DAY = date(2026, 3, 25)
LAST_DAY = date(2026, 4, 2)  # nine days, over the start of summer time
EMPTY_DAY = date(2026, 3, 28)
MONEY = pa.decimal128(18, 4)
MOMENT = pa.timestamp("us", "UTC")

EVENTS = pa.schema(
    [
        ("event_name", pa.string()),
        ("event_at", MOMENT),
        ("event_sequence", pa.int64()),
        ("user_pseudo_id", pa.string()),
        ("user_id", pa.string()),
        ("session_id", pa.int64()),
        ("session_number", pa.int64()),
        ("page_location", pa.string()),
        ("items", pa.string()),
        ("transaction_id", pa.string()),
        ("purchase_revenue", MONEY),
        ("device_category", pa.string()),
        ("country", pa.string()),
        ("traffic_source", pa.string()),
        ("traffic_medium", pa.string()),
        ("experiment_id", pa.string()),
        ("experiment_variant", pa.string()),
    ]
)
CUSTOMERS = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "first_name", "last_name", "email", "phone", "country")),
        ("city", pa.string()),
        ("is_deleted", pa.bool_()),
        ("created_at", MOMENT),
        ("updated_at", MOMENT),
    ]
)
PRODUCTS = pa.schema(
    [
        *((name, pa.string()) for name in ("product_id", "name", "category", "subcategory", "brand")),
        ("list_price", MONEY),
        ("is_merchandise", pa.bool_()),
        ("is_active", pa.bool_()),
        ("created_at", MOMENT),
        ("updated_at", MOMENT),
    ]
)


def write(directory: Path, events_a_day: int = 40, customers: int = 30, products: int = 25) -> Path:
    """Write the data set; the same arguments always give the same files."""
    directory.mkdir(parents=True, exist_ok=True)
    description = {
        "id": "tiny",
        "title": "Tiny",
        "timezone": "Europe/London",
        "currency": "GBP",
        "first_day": FIRST_DAY.isoformat(),
        "last_day": LAST_DAY.isoformat(),
        "rows": {},
    }
    (directory / "dataset.json").write_text(json.dumps(description))
    _write(directory / "customers.parquet", _customers(customers), CUSTOMERS)
    _write(directory / "products.parquet", _products(products), PRODUCTS)
    for offset in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        if day != EMPTY_DAY:
            folder = directory / "events" / f"day={day.isoformat()}"
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / "part-0.parquet", _events(day, events_a_day), EVENTS)
    return directory


def _write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema), path, compression="zstd")


def _customers(count: int) -> list[dict[str, Any]]:
    """Each customer at their creation, every third again in April, the last deleted then."""
    rows = []
    for n in range(count):
        created = datetime(2026, 3, 25, 9, tzinfo=UTC) + timedelta(hours=n)
        first = {
            "customer_id": f"C{n:04d}",
            "first_name": f"Ann{n}",
            "last_name": 'O"Neill, Jr' if n == 1 else f"Smith{n}",
            "email": None if n == 2 else f"ann{n}@example.com",
            "phone": None,
            "country": "United Kingdom",
            "city": "Łódź" if n == 3 else "Leeds",
            "is_deleted": False,
            "created_at": created,
            "updated_at": created,
        }
        rows.append(first)
        if n % 3 == 0:
            moved = {"city": "York", "is_deleted": n == (count - 1) // 3 * 3, "updated_at": _april(n)}
            rows.append(first | moved)
    return rows


def _products(count: int) -> list[dict[str, Any]]:
    rows = []
    for n in range(count):
        created = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(minutes=30 * (n // 2))  # pairs share a moment
        first = {
            "product_id": f"P{n:04d}",
            "name": f"Mug {n}",
            "category": "Kitchen",
            "subcategory": None,
            "brand": "Acme",
            "list_price": None if n == 4 else Decimal(n) + Decimal("0.99"),
            "is_merchandise": n != 5,
            "is_active": True,
            "created_at": created,
            "updated_at": created,
        }
        rows.append(first)
        if n % 5 == 0:
            rows.append(first | {"list_price": Decimal("9.5"), "updated_at": _april(n)})
    return rows


def _april(n: int) -> datetime:
    return datetime(2026, 4, 1, 8, tzinfo=UTC) + timedelta(minutes=n)


def _events(day: date, count: int) -> list[dict[str, Any]]:
    start = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    names = ("page_view", "view_item", "add_to_cart", "purchase")
    rows = []
    for n in range(count):
        name = names[n % 4]
        bought = name == "purchase"
        item = {"item_id": f"P{n % 25:04d}", "price": "12.3400", "quantity": 2}
        rows.append(
            {
                "event_name": name,
                "event_at": start + timedelta(seconds=n, microseconds=n),
                "event_sequence": n,
                "user_pseudo_id": f"{n // 8}.{day:%Y%m%d}",
                "user_id": f"C{n % 30:04d}" if n % 2 else None,
                "session_id": None if n % 11 == 0 else 1_700_000_000 + n // 8,
                "session_number": 1,
                "page_location": f'https://shop.example/p/{n % 9}?q="é\\"' if n % 5 else None,
                "items": None if name == "page_view" else json.dumps([item, item | {"price": None}]),
                "transaction_id": f"O{day:%m%d}{n:04d}" if bought else None,
                "purchase_revenue": Decimal("24.6800") if bought else None,
                "device_category": "mobile" if n % 3 else "desktop",
                "country": "United Kingdom",
                "traffic_source": "google",
                "traffic_medium": "organic" if n % 2 else None,
                "experiment_id": "EXP-1" if n % 4 == 1 else None,
                "experiment_variant": "B" if n % 4 == 1 else None,
            }
        )
    return rows
