"""The shop's order database, and what happens in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import time as clock

import psycopg

from local.product import Product


@contextmanager
def order_database(product: Product) -> Iterator[psycopg.Connection]:
    """The shop's order database; what was changed is committed at the end."""
    server = product.stack.endpoints["postgres"]
    with psycopg.connect(
        host=server["socket_dir"], port=server["port"], dbname=server["order_db"], user=server["user"]
    ) as connection:
        yield connection


def set_status(product: Product, status: str, hour: int) -> None:
    """Change the first order in the order database, at an hour of yesterday (UTC)."""
    moment = datetime.combine(product.dataset.last_day, clock(hour), UTC)
    with order_database(product) as connection:
        connection.execute(
            "update orders set status = %s, updated_at = %s where order_id = (select min(order_id) from orders)",
            (status, moment),
        )


def change_behind_the_cursor(product: Product) -> datetime:
    """Commit an order late and delete another with its lines; the moment (aware) from which changes must be read."""
    with order_database(product) as connection:
        connection.execute("""
            insert into orders
            select (jsonb_populate_record(orders, '{"order_id": "LATE"}')).*
            from orders
            order by updated_at, order_id
            limit 1
        """)
        [(day, changed_from)] = connection.execute(
            """
            select placed.day, min(orders.updated_at)
            from orders
            inner join (
                select (ordered_at at time zone %(zone)s)::date as day from orders where order_id = 'LATE'
            ) as placed on placed.day = (orders.ordered_at at time zone %(zone)s)::date
            group by placed.day
            """,
            {"zone": product.dataset.timezone.key},
        ).fetchall()
        [(deleted,)] = connection.execute(
            """
            select order_id
            from orders
            where (ordered_at at time zone %(zone)s)::date > %(day)s
                and order_id not in (select order_id from refunds)
            order by total_amount, order_id
            limit 1
            """,
            {"zone": product.dataset.timezone.key, "day": day},
        ).fetchall()
        for table in ("order_items", "orders"):
            connection.execute(f"delete from {table} where order_id = %s".encode(), [deleted])
    return changed_from
