"""The tables of somebody's own directory: which columns they need, and what stands in for those that are missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from local.datasets.layout import EVENTS, MONEY, ORDER_STATUSES, TABLES, TIMESTAMP, Layout
from local.datasets.source_columns import Column
from local.datasets.source_files import FILE, ROW

# Columns without which a file says nothing. For all others docs/datasets.md names what they default to.
REQUIRED: Final = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": ("order_id", "ordered_at"),
    "order_items": ("order_id", "product_id", "quantity"),
    "refunds": ("refund_id", "amount", "refunded_at"),
    EVENTS: ("event_name", "event_at", "user_pseudo_id"),
}
KINDS: Final = {pa.string(): "text", pa.int64(): "whole", pa.bool_(): "flag", MONEY: "money", TIMESTAMP: "instant"}
SQL_TYPES: Final = {
    "text": "varchar",
    "items": "varchar",
    "whole": "bigint",
    "flag": "boolean",
    "money": "decimal(18, 4)",
    "instant": "timestamptz",
}


@dataclass(frozen=True)
class Input:
    """A table as it is read, before anything missing is filled in."""

    name: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...]  # no two rows may agree in all of these
    required_key: tuple[str, ...]  # rows without these are not compared

    @property
    def types(self) -> dict[str, str]:
        """The SQL type of each column."""
        return {column.name: SQL_TYPES[column.kind] for column in self.columns}


def _input(layout: Layout) -> Input:
    columns = tuple(
        Column(
            field.name,
            "items" if field.name == "items" else KINDS[field.type],
            required=field.name in REQUIRED[layout.name],
            values=ORDER_STATUSES if field.name == "status" else (),
        )
        for field in layout.schema
    )
    unique = layout.key if layout.name == EVENTS else tuple(dict.fromkeys((*layout.key, "updated_at")))
    generated = {"order_items": ("order_item_id",), EVENTS: ("event_sequence",)}
    return Input(layout.name, columns, unique, generated.get(layout.name, layout.key[:1]))


INPUTS: Final = {name: _input(layout) for name, layout in TABLES.items()}

# Versions of rows: customers and products keep all of them, the rest the newest.
NEWEST: Final = "qualify row_number() over (partition by {key} order by updated_at desc, {file} desc, {row} desc) = 1"

EVENTS_BY_DAY: Final = f"""
create or replace table events_by_day as
select
    * exclude ({ROW}, {FILE}, _day, event_sequence),
    coalesce(event_sequence, row_number() over (order by {FILE}, {ROW})) as event_sequence,
    coalesce(_day, cast(event_at as date)) as _day
from {EVENTS}
order by _day, event_at, event_sequence, user_pseudo_id, event_name
"""

FILL: Final = (
    "update orders set status = coalesce(status, 'completed'), currency = coalesce(currency, $currency), "
    "updated_at = coalesce(updated_at, ordered_at)",
    f"""
    update order_items set order_item_id = numbered.id
    from (
        select {FILE}, {ROW}, order_id || '-' || row_number() over (partition by order_id order by {FILE}, {ROW}) as id
        from order_items
    ) as numbered
    where order_items.order_item_id is null
        and order_items.{FILE} = numbered.{FILE} and order_items.{ROW} = numbered.{ROW}
    """,
    """
    update order_items set
        updated_at = coalesce(order_items.updated_at, placed.updated_at),
        discount_amount = coalesce(discount_amount, 0),
        line_amount = coalesce(line_amount, cast(quantity * unit_price as decimal(18, 4))),
        unit_price = coalesce(
            unit_price, cast(round(line_amount / if(quantity = 0, 1, quantity), 4) as decimal(18, 4))
        )
    from (select order_id, max(updated_at) as updated_at from orders group by order_id) as placed
    where order_items.order_id = placed.order_id
    """,
    """
    update orders set total_amount = coalesce(
        (
            select cast(sum(line_amount - discount_amount) as decimal(18, 4))
            from order_items where order_items.order_id = orders.order_id
        ),
        0
    )
    where total_amount is null
    """,
    "update refunds set updated_at = coalesce(updated_at, refunded_at)",
    "create or replace table opening as select date_trunc('day', min(ordered_at)) as moment from orders",
    *(
        f"update {table} set updated_at = coalesce(updated_at, created_at, (select moment from opening)), "
        f"created_at = coalesce(created_at, updated_at, (select moment from opening)), {flags}"
        for table, flags in (
            ("customers", "is_deleted = coalesce(is_deleted, false)"),
            ("products", "is_active = coalesce(is_active, true), is_merchandise = coalesce(is_merchandise, true)"),
        )
    ),
)

# Customers and products that orders name but no file describes: known by their id, since they were first met.
MENTIONED: Final = {
    "customers": """
        insert into customers by name
        select customer_id, false as is_deleted, min(ordered_at) as created_at, min(ordered_at) as updated_at
        from (
            select customer_id, ordered_at from orders
            union all
            select customer_id, refunded_at from refunds
        )
        where customer_id is not null and customer_id not in (select customer_id from customers)
        group by customer_id
    """,
    "products": """
        insert into products by name
        select
            product_id, true as is_active, true as is_merchandise,
            min(ordered_at) as created_at, min(ordered_at) as updated_at
        from (
            select order_items.product_id, orders.ordered_at
            from order_items inner join orders on order_items.order_id = orders.order_id
            union all
            select product_id, refunded_at from refunds
        )
        where product_id is not null and product_id not in (select product_id from products)
        group by product_id
    """,
}


def complete(connection: duckdb.DuckDBPyConnection, currency: str) -> Iterator[str]:
    """Fill in what is missing, in place; says what it adds, such as "12 products"."""
    for statement in FILL:
        connection.execute(statement, {"currency": currency} if "$currency" in statement else None)
    for table, statement in MENTIONED.items():
        added = connection.execute(statement).fetchall()[0][0]
        if added:
            yield f"{added:,} {table}"


def final_query(table: str) -> str:
    """The rows of a table as they stand in the data set."""
    layout = TABLES[table]
    columns = ", ".join(layout.schema.names)
    newest = NEWEST.format(key=layout.key[0], file=FILE, row=ROW) if len(layout.key) == 1 else ""
    return f"select {columns} from {table} {newest} order by {', '.join(dict.fromkeys((layout.day, *layout.key)))}"
