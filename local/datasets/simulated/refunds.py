"""The simulated refunds: goods sent back some days after the order was completed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from local.datasets.columns import Ints
from local.datasets.simulated.baskets import Lines
from local.datasets.simulated.catalog import Catalog
from local.datasets.simulated.orders import COMPLETED, Orders
from local.datasets.simulated.parameters import Parameters, later

RETURNED: Final = 0.025  # share of the merchandise lines of completed orders
REASONS: Final = ("damaged", "wrong item", "did not like it", "arrived late")


@dataclass(frozen=True)
class Refunds:
    """Refunds, by time. Money in ten-thousandths."""

    line: Ints  # number of the order line
    quantity: Ints
    amount: Ints
    reason: Ints
    refunded_at: Ints

    def __len__(self) -> int:
        return len(self.line)


def build(parameters: Parameters, catalog: Catalog, orders: Orders, lines: Lines) -> Refunds:
    """Whole or partial returns of lines; never more than was paid for them, never before the order's last change."""
    random = parameters.random("refunds")
    end = parameters.store_days.end
    completed = (orders.status[lines.order] == COMPLETED) & (lines.product < catalog.merchandise)
    candidates = np.flatnonzero(completed)
    line = candidates[random.random(len(candidates)) < RETURNED]
    refunded_at = later(orders.updated_at[lines.order[line]], random, 1, 21)
    inside = refunded_at < end
    line, refunded_at = line[inside], refunded_at[inside]

    today = random.choice(
        np.setdiff1d(candidates, line), 2, replace=False
    )  # the last day has refunds whatever the size
    line = np.concatenate([line, today])
    refunded_at = np.concatenate([refunded_at, end - random.integers(1, 30_000_000_000, 2)])
    refunded_at = np.maximum(refunded_at, orders.updated_at[lines.order[line]])
    order = np.lexsort((line, refunded_at))
    line, refunded_at = line[order], refunded_at[order]

    bought = lines.quantity[line]
    quantity = np.where(random.random(len(line)) < 0.4, 1, bought)
    paid = (lines.amount - lines.discount)[line]
    amount = np.where(quantity == bought, paid, paid * quantity // bought // 100 * 100)
    return Refunds(line, quantity, np.maximum(amount, 100), random.integers(0, len(REASONS), len(line)), refunded_at)
