"""The canonical layout of a data set: its tables, their columns and types, and what each column must hold.

Timestamps are UTC microseconds, money is exact to four decimals, ids are text. Everything the local stack serves,
whatever it was made from, stands in this layout (docs/datasets.md describes it for people who bring their own).
"""

from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

TIMESTAMP: Final = pa.timestamp("us", tz="UTC")
MONEY: Final = pa.decimal128(18, 4)
MONEY_SCALE: Final = 10_000  # units of the fourth decimal in one unit of currency
EVENTS: Final = "events"


class DatasetError(Exception):
    """A data set cannot be prepared; the message names the file, the column and the row where that is known."""


@dataclass(frozen=True)
class Layout:
    """One table of a data set."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    day: str  # the column whose store-time-zone day a row belongs to


def _schema(text: str) -> pa.Schema:
    """The schema a list of "column type" lines describes; a type that ends in ? may be null."""
    types = {"text": pa.string(), "whole": pa.int64(), "flag": pa.bool_(), "money": MONEY, "instant": TIMESTAMP}
    lines = [line.split() for line in text.split("\n") if line.strip()]
    return pa.schema([pa.field(name, types[kind.rstrip("?")], kind.endswith("?")) for name, kind in lines])


CUSTOMERS: Final = Layout(
    "customers",
    _schema("""
        customer_id text
        first_name text?
        last_name text?
        email text?
        phone text?
        country text?
        city text?
        is_deleted flag
        created_at instant
        updated_at instant
    """),
    key=("customer_id", "updated_at"),
    day="updated_at",
)

PRODUCTS: Final = Layout(
    "products",
    _schema("""
        product_id text
        name text?
        category text?
        subcategory text?
        brand text?
        list_price money?
        is_merchandise flag
        is_active flag
        created_at instant
        updated_at instant
    """),
    key=("product_id", "updated_at"),
    day="updated_at",
)

ORDERS: Final = Layout(
    "orders",
    _schema("""
        order_id text
        customer_id text?
        email text?
        status text
        channel text?
        country text?
        currency text
        total_amount money
        ordered_at instant
        updated_at instant
    """),
    key=("order_id",),
    day="ordered_at",
)

ORDER_ITEMS: Final = Layout(
    "order_items",
    _schema("""
        order_item_id text
        order_id text
        product_id text
        quantity whole
        unit_price money
        discount_amount money
        line_amount money
        updated_at instant
    """),
    key=("order_item_id",),
    day="updated_at",
)

REFUNDS: Final = Layout(
    "refunds",
    _schema("""
        refund_id text
        order_id text?
        customer_id text?
        product_id text?
        quantity whole?
        amount money
        reason text?
        refunded_at instant
        updated_at instant
    """),
    key=("refund_id",),
    day="refunded_at",
)

WEB_EVENTS: Final = Layout(
    EVENTS,
    _schema("""
        event_name text
        event_at instant
        event_sequence whole
        user_pseudo_id text
        user_id text?
        session_id whole?
        session_number whole?
        page_location text?
        items text?
        transaction_id text?
        purchase_revenue money?
        device_category text?
        country text?
        traffic_source text?
        traffic_medium text?
        experiment_id text?
        experiment_variant text?
    """),
    key=("user_pseudo_id", "event_at", "event_name", "event_sequence"),
    day="event_at",
)

ROW_TABLES: Final = (CUSTOMERS, PRODUCTS, ORDERS, ORDER_ITEMS, REFUNDS)
TABLES: Final = {layout.name: layout for layout in (*ROW_TABLES, WEB_EVENTS)}
ORDER_STATUSES: Final = ("pending", "paid", "shipped", "completed", "cancelled", "test")


def arrow_table(layout: Layout, columns: dict[str, Any]) -> pa.Table:
    """Columns made by `local.datasets.columns` or NumPy as a table of the layout's schema; absent ones are null."""
    rows = len(next(iter(columns.values())))
    unknown = set(columns) - set(layout.schema.names)
    if unknown:
        raise DatasetError(f"{layout.name}: no such column in the layout: {', '.join(sorted(unknown))}")
    arrays = [
        pa.array(columns[field.name], type=field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in layout.schema
    ]
    table = pa.Table.from_arrays(arrays, schema=layout.schema)
    for field in layout.schema:
        if not field.nullable and table[field.name].null_count:
            raise DatasetError(f"{layout.name}.{field.name} holds {table[field.name].null_count} nulls")
    return table
