"""What is true of a simulated shop, worked out while it was made, for tests to compare with."""

from typing import Any

import numpy as np

from local.datasets.layout import MONEY_SCALE
from local.datasets.simulated.baskets import Lines
from local.datasets.simulated.catalog import Catalog
from local.datasets.simulated.orders import NOBODY, Orders
from local.datasets.simulated.parameters import PAIRS, PURCHASE_PROCESS
from local.datasets.simulated.refunds import Refunds


def exact(ten_thousandths: int | np.integer) -> str:
    """An amount as decimal text with four places."""
    value = int(ten_thousandths)
    sign, value = ("-", -value) if value < 0 else ("", value)
    return f"{sign}{value // MONEY_SCALE}.{value % MONEY_SCALE:04d}"


def totals(catalog: Catalog, orders: Orders, lines: Lines, refunds: Refunds) -> dict[str, Any]:
    """Orders and money of the whole span, without the rows a gate must quarantine."""
    valid = orders.is_valid
    sold = valid[lines.order]
    return {
        "orders": len(orders),
        "valid_orders": int(valid.sum()),
        "gross_revenue": exact(lines.amount[sold].sum()),
        "discounts": exact(lines.discount[sold].sum()),
        "refunds": exact(refunds.amount.sum()),
        "customers_with_a_valid_order": len(np.unique(orders.buyer[valid & (orders.buyer != NOBODY)])),
        "units": int(lines.quantity[sold].sum()),
        "merchandise_products": catalog.merchandise,
    }


def guests(orders: Orders) -> dict[str, int]:
    """How the orders of guests are to be attributed."""
    stranger = orders.buyer == NOBODY
    return {
        "orders": int(orders.is_guest.sum()),
        "orders_with_the_email_of_a_customer": int((orders.is_guest & ~stranger).sum()),
        "orders_with_another_email": int((stranger & (orders.guest != NOBODY)).sum()),
        "other_emails": len(np.unique(orders.guest[stranger & (orders.guest != NOBODY)])),
        "orders_without_email": int((stranger & (orders.guest == NOBODY)).sum()),
    }


def pairs(catalog: Catalog, orders: Orders, lines: Lines) -> list[dict[str, Any]]:
    """Baskets of each planted pair, counted over valid orders with at least one merchandise product."""
    goods = (lines.product < catalog.merchandise) & orders.is_valid[lines.order]
    baskets = len(np.unique(lines.order[goods]))
    found = []
    for first, second, probability in PAIRS:
        with_first, with_second = (
            np.unique(lines.order[goods & (lines.product == catalog.number(name))]) for name in (first, second)
        )
        both = len(np.intersect1d(with_first, with_second))
        found.append(
            {
                "product_a": min(first, second),
                "product_b": max(first, second),
                "planted_probability": probability,
                "baskets": baskets,
                "baskets_with_both": both,
                "lift": both * baskets / max(1, len(with_first) * len(with_second)),
            }
        )
    return found


def purchase_process(orders: Orders) -> dict[str, Any]:
    """The law of the customers' purchases (BG/NBD, in days)."""
    return {
        "model": "BG/NBD",
        **PURCHASE_PROCESS,
        "customers": len(np.unique(orders.buyer[orders.buyer != NOBODY])),
    }
