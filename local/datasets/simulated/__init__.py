"""A simulated shop: four sources that agree with each other, with known truths planted in them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from local.datasets import columns
from local.datasets.layout import ORDER_ITEMS, ORDER_STATUSES, ORDERS, REFUNDS, arrow_table
from local.datasets.simulated import baskets, catalog, flaws, orders, people, refunds, truth, web
from local.datasets.simulated.baskets import Lines
from local.datasets.simulated.orders import NOBODY, Orders
from local.datasets.simulated.parameters import CURRENCY, Parameters
from local.datasets.simulated.people import COUNTRIES, People
from local.datasets.simulated.refunds import REASONS, Refunds
from local.datasets.writer import DatasetWriter

SHARED_ADDRESSES = 3  # every third customer ordering as a guest writes the address in capitals, with a space


def write(parameters: Parameters, writer: DatasetWriter, progress: Callable[[str], None]) -> None:
    """Simulate a shop and write it."""
    days = parameters.store_days
    progress(f"simulating {parameters.customers:,} customers over {parameters.days:,} days")
    goods = catalog.build(parameters)
    customers = people.build(parameters)
    sales = orders.build(parameters, customers)
    lines = baskets.build(parameters, goods, sales)
    returns = refunds.build(parameters, goods, sales, lines)
    order_ids = columns.numbered("", np.arange(len(sales)) + 100_001)
    tables = {
        "customers": customers.table,
        "products": goods.table,
        "orders": _orders_table(customers, sales, order_ids, lines),
        "order_items": _lines_table(goods, sales, order_ids, lines),
        "refunds": _refunds_table(customers, goods, sales, order_ids, lines, returns),
    }
    quarantine = flaws.plant(parameters, tables)
    for name, table in tables.items():
        writer.table(name, table)

    progress("simulating the visits of the web shop")
    traffic = web.build(parameters, goods, customers, sales, order_ids, lines)
    stray, stray_days, quarantine["events"] = flaws.stray_events(parameters, traffic.events, traffic.at)
    writer.events(
        pa.concat_tables([traffic.events, stray]).combine_chunks(),
        np.concatenate([days.numbers(traffic.at), stray_days]),
        days,
    )
    writer.finish(
        days,
        title=f"Simulated shop, {parameters.customers:,} customers, {parameters.days:,} days, seed {parameters.seed}",
        currency=CURRENCY,
        source_lines=None,
        planted={
            "totals": truth.totals(goods, sales, lines, returns),
            "guests": truth.guests(sales),
            "purchase_process": truth.purchase_process(sales),
            "pairs": truth.pairs(goods, sales, lines),
            **traffic.planted,
            "quarantine": quarantine,
        },
    )


def _guest_addresses(customers: People, sales: Orders) -> pa.Array:
    """The e-mail each guest left: their own, a customer's, or none."""
    texts: list[str | None] = [None] * len(sales)
    for row in np.flatnonzero(sales.is_guest):
        buyer, guest = int(sales.buyer[row]), int(sales.guest[row])
        if buyer != NOBODY:
            address = customers.emails[buyer]
            texts[row] = f" {address.upper()}" if row % SHARED_ADDRESSES == 0 else address
        elif guest != NOBODY:
            texts[row] = f"guest{guest + 1}@example.net"
    return pa.array(texts, pa.string())


def _orders_table(customers: People, sales: Orders, order_ids: pa.Array, lines: Lines) -> pa.Table:
    known = ~sales.is_guest
    return arrow_table(
        ORDERS,
        {
            "order_id": order_ids,
            "customer_id": columns.chosen(customers.ids, sales.buyer.clip(0), known),
            "email": _guest_addresses(customers, sales),
            "status": columns.chosen(list(ORDER_STATUSES), sales.status),
            "channel": columns.chosen(list(orders.CHANNELS), sales.channel),
            "country": columns.chosen(COUNTRIES, sales.place),
            "currency": columns.chosen([CURRENCY], np.zeros(len(sales), dtype=np.int64)),
            "total_amount": columns.money(lines.totals(len(sales))),
            "ordered_at": columns.timestamps(sales.ordered_at),
            "updated_at": columns.timestamps(sales.updated_at),
        },
    )


def _line_ids(order_ids: pa.Array, lines: Lines) -> pa.Array:
    """Ids such as 100001-2: the order and the number of the line."""
    texts = np.char.add(
        np.char.add(order_ids.to_numpy(zero_copy_only=False).astype(str)[lines.order], "-"), lines.number.astype(str)
    )
    return pa.array(texts, pa.string())


def _lines_table(goods: catalog.Catalog, sales: Orders, order_ids: pa.Array, lines: Lines) -> pa.Table:
    return arrow_table(
        ORDER_ITEMS,
        {
            "order_item_id": _line_ids(order_ids, lines),
            "order_id": order_ids.take(pa.array(lines.order)),
            "product_id": columns.chosen(goods.ids, lines.product),
            "quantity": lines.quantity,
            "unit_price": columns.money(lines.unit_price),
            "discount_amount": columns.money(lines.discount),
            "line_amount": columns.money(lines.amount),
            "updated_at": columns.timestamps(sales.updated_at[lines.order]),  # a change of the order touches its lines
        },
    )


def _refunds_table(
    customers: People, goods: catalog.Catalog, sales: Orders, order_ids: pa.Array, lines: Lines, returns: Refunds
) -> pa.Table:
    order = lines.order[returns.line]
    known = ~sales.is_guest[order]
    values: dict[str, Any] = {
        "refund_id": columns.numbered("R-", np.arange(1, len(returns) + 1), 6),
        "order_id": order_ids.take(pa.array(order)),
        "customer_id": columns.chosen(customers.ids, sales.buyer[order].clip(0), known),
        "product_id": columns.chosen(goods.ids, lines.product[returns.line]),
        "quantity": returns.quantity,
        "amount": columns.money(returns.amount),
        "reason": columns.chosen(list(REASONS), returns.reason),
        "refunded_at": columns.timestamps(returns.refunded_at),
        "updated_at": columns.timestamps(returns.refunded_at),
    }
    return arrow_table(REFUNDS, values)
