"""A large shop in PostgreSQL: the order database's own tables, with generated rows, in a database beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from include.contracts import contract
from local.postgres import Cluster, shop_tables

DATABASE = "benchmark"
LINES = "order_item_lines"
START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=5)  # between the changes of one order item and the next

# Five order items make two orders.
_ORDERS = """
insert into orders (
    order_id, customer_id, email, status, channel, country, currency, total_amount, ordered_at, updated_at
)
select
    (100000 + n)::text,
    'C-' || n %% 40000,
    'customer' || n %% 40000 || '@example.net',
    (array['completed', 'shipped', 'paid', 'cancelled'])[1 + n %% 4],
    (array['web', 'app', 'store'])[1 + n %% 3],
    'United Kingdom',
    'GBP',
    ((n * 7919) %% 30000 + 100)::numeric / 100,
    %(start)s + n * %(step)s * 2.5,
    %(start)s + n * %(step)s * 2.5
from generate_series(0::bigint, %(rows)s * 2 / 5) as n
"""
_ORDER_ITEMS = """
insert into order_items (
    order_item_id, order_id, product_id, quantity, unit_price, discount_amount, line_amount, updated_at
)
select
    (100000 + n * 2 / 5) || '-' || n %% 5,
    (100000 + n * 2 / 5)::text,
    'P-' || 1000 + (n * 7907) %% 5000,
    1 + n %% 4,
    ((n * 7919) %% 20000 + 100)::numeric / 100,
    case when n %% 10 = 0 then 0.5 else 0 end,
    (1 + n %% 4) * ((n * 7919) %% 20000 + 100)::numeric / 100,
    %(start)s + n * %(step)s
from generate_series(0::bigint, %(rows)s - 1) as n
"""
_LINES = f"""
create view {LINES} as
select order_items.*, orders.ordered_at
from order_items
left join orders on orders.order_id = order_items.order_id
"""


@dataclass(frozen=True)
class Shop:
    """A database with `rows` order items, the view `LINES` of them with their order's time, and how to cut them."""

    database: str
    rows: int

    def window(self, rows: int) -> tuple[datetime, datetime]:
        """The span of `updated_at` that holds the first `rows` order items."""
        return START, START + rows * STEP


@contextmanager
def generated_shop(cluster: Cluster, rows: int) -> Iterator[Shop]:
    """A shop of this many order items; its database is dropped at the end."""
    _drop(cluster)
    with cluster.connect() as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(DATABASE)))
    try:
        with cluster.connect(DATABASE) as connection:
            _fill(connection, rows)
        yield Shop(DATABASE, rows)
    finally:
        _drop(cluster)


def _fill(connection: psycopg.Connection, rows: int) -> None:
    values = {"start": START, "step": STEP, "rows": rows}
    for table, statement in (("orders", _ORDERS), ("order_items", _ORDER_ITEMS)):
        name = sql.Identifier(table)
        connection.execute(f"create table {table} ({shop_tables()[table]})".encode())
        connection.execute(statement.encode(), values)
        connection.execute(
            sql.SQL("alter table {} add primary key ({})").format(name, sql.Identifier(contract(table).key[0]))
        )
        connection.execute(sql.SQL("create index on {} (updated_at)").format(name))
    connection.execute(_LINES.encode())
    connection.execute("vacuum analyze")


def _drop(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE)))
