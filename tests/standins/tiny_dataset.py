"""A data set of a few rows in the canonical layout, for tests of the stand-ins."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

MOMENT = pa.timestamp("us", "UTC")
MONEY = pa.decimal128(18, 4)
TEXT = pa.string()


def write(directory: Path) -> Path:
    """Write the data set and return its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    _table(
        directory / "orders.parquet",
        {
            "order_id": (["O1", "O2"], TEXT),
            "customer_id": (["C1", None], TEXT),
            "email": ([None, ""], TEXT),
            "status": (["paid", "cancelled"], TEXT),
            "channel": (["web", 'a "quoted", channel\nof two lines'], TEXT),
            "country": (["GB", None], TEXT),
            "currency": (["GBP", "GBP"], TEXT),
            "total_amount": ([Decimal("12.3400"), Decimal("0.0001")], MONEY),
            "ordered_at": ([at, at], MOMENT),
            "updated_at": ([at, at], MOMENT),
        },
    )
    _table(
        directory / "order_items.parquet",
        {
            "order_item_id": (["I1", "I2"], TEXT),
            "order_id": (["O1", "O2"], TEXT),
            "product_id": (["P1", "P1"], TEXT),
            "quantity": ([2, 1], pa.int64()),
            "unit_price": ([Decimal("6.1700"), Decimal("0.0001")], MONEY),
            "discount_amount": ([Decimal(0), Decimal(0)], MONEY),
            "line_amount": ([Decimal("12.3400"), Decimal("0.0001")], MONEY),
            "updated_at": ([at, at], MOMENT),
        },
    )
    _table(
        directory / "refunds.parquet",
        {
            "refund_id": (["R1"], TEXT),
            "order_id": ([None], TEXT),
            "customer_id": (["C1"], TEXT),
            "product_id": ([None], TEXT),
            "quantity": ([None], pa.int64()),
            "amount": ([Decimal("1.5000")], MONEY),
            "reason": ([None], TEXT),
            "refunded_at": ([at], MOMENT),
            "updated_at": ([at], MOMENT),
        },
    )
    _table(
        directory / "customers.parquet",
        {
            "customer_id": (["C1"], TEXT),
            **{name: (["x"], TEXT) for name in ("first_name", "last_name", "email", "phone", "country", "city")},
            "is_deleted": ([False], pa.bool_()),
            "created_at": ([at], MOMENT),
            "updated_at": ([at], MOMENT),
        },
    )
    _table(
        directory / "products.parquet",
        {
            "product_id": (["P1"], TEXT),
            **{name: (["x"], TEXT) for name in ("name", "category", "subcategory", "brand")},
            "list_price": ([Decimal("6.1700")], MONEY),
            "is_merchandise": ([True], pa.bool_()),
            "is_active": ([True], pa.bool_()),
            "created_at": ([at], MOMENT),
            "updated_at": ([at], MOMENT),
        },
    )
    described = {
        "id": directory.name,
        "title": "A few rows",
        "timezone": "Europe/London",
        "currency": "GBP",
        "first_day": "2026-03-01",
        "last_day": "2026-03-02",
        "rows": {"orders": 2, "order_items": 2, "refunds": 1, "customers": 1, "products": 1, "events": 0},
        "source_lines": None,
    }
    (directory / "dataset.json").write_text(json.dumps(described))
    return directory


def _table(path: Path, columns: dict[str, tuple[list, pa.DataType]]) -> None:
    pq.write_table(pa.table({name: pa.array(values, kind) for name, (values, kind) in columns.items()}), path)
