"""The simulated orders: who bought when, as customer or guest, and what became of the order."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from local.datasets.columns import Bools, Ints
from local.datasets.days import DAY
from local.datasets.layout import ORDER_STATUSES
from local.datasets.simulated.parameters import PURCHASE_PROCESS, Parameters, later, moments
from local.datasets.simulated.people import PLACE_SHARES, PLACES, People

CHANNELS: Final = ("web", "app", "store", "phone")
CHANNEL_SHARES: Final = (0.38, 0.34, 0.22, 0.06)
CRM_GUESTS: Final = 0.04  # share of a customer's orders placed as a guest, with the customer's own e-mail
GUESTS: Final = 0.40  # orders of strangers, as a share of the number of customers
WITHOUT_EMAIL: Final = 0.30  # of the strangers' orders
CANCELLED: Final = 0.04
TEST: Final = 0.005
NOBODY: Final = -1
PENDING, PAID, SHIPPED, COMPLETED, CANCELLED_STATUS, TEST_STATUS = range(len(ORDER_STATUSES))


@dataclass(frozen=True)
class Orders:
    """The orders, by time. `buyer` is a customer's number, or NOBODY for a stranger."""

    ordered_at: Ints
    updated_at: Ints
    buyer: Ints
    is_guest: Bools
    guest: Ints  # number of the stranger's e-mail address; NOBODY without one, or when the buyer is a customer
    channel: Ints
    place: Ints
    status: Ints

    def __len__(self) -> int:
        return len(self.ordered_at)

    @property
    def is_valid(self) -> Bools:
        """Whether an order counts as a sale."""
        return (self.status != CANCELLED_STATUS) & (self.status != TEST_STATUS)


def build(parameters: Parameters, people: People) -> Orders:
    """The orders of the simulated shop, without their lines."""
    random = parameters.random("orders")
    buyer, ordered_at = _purchases(parameters, people)
    strangers, strangers_at = _strangers(parameters)
    guest = np.concatenate([np.full(len(buyer), NOBODY), strangers])
    buyer = np.concatenate([buyer, np.full(len(strangers), NOBODY)])
    ordered_at = np.concatenate([ordered_at, strangers_at])
    order = np.lexsort((guest, buyer, ordered_at))
    buyer, guest, ordered_at = buyer[order], guest[order], ordered_at[order]

    count = len(buyer)
    shares = np.array(PLACE_SHARES) / sum(PLACE_SHARES)
    place = random.choice(len(PLACES), count, p=shares)
    known = buyer != NOBODY
    place[known] = people.places(buyer[known], ordered_at[known])
    status, updated_at = _lives(parameters, ordered_at)
    return Orders(
        ordered_at=ordered_at,
        updated_at=updated_at,
        buyer=buyer,
        is_guest=~known | (random.random(count) < CRM_GUESTS),
        guest=guest,
        channel=random.choice(len(CHANNELS), count, p=CHANNEL_SHARES),
        place=place,
        status=status,
    )


def _purchases(parameters: Parameters, people: People) -> tuple[Ints, Ints]:
    """Customers and instants of their orders: the first soon after joining, repeats by BG/NBD."""
    random = parameters.random("purchases")
    days = parameters.store_days
    process = PURCHASE_PROCESS
    buyers = people.buys
    rate = random.gamma(process["r"], 1 / process["alpha"], len(buyers))  # a day
    purchases = random.geometric(random.beta(process["a"], process["b"], len(buyers)).clip(1e-3))  # until dropping out
    first = people.created_at[buyers] + (random.exponential(0.5, len(buyers)) * DAY).astype(np.int64) + 120_000_000
    first = np.minimum(first, days.end - random.integers(1, 40_000_000, len(buyers)))

    all_buyers, all_instants = [buyers], [first]
    active, instant = np.arange(len(buyers)), first
    while len(active):
        going_on = purchases[active] > len(all_buyers)
        active, instant = active[going_on], instant[going_on]
        instant = instant + (random.exponential(1, len(active)) / rate[active].clip(1e-6) * DAY).astype(np.int64)
        inside = instant < days.end
        active, instant = active[inside], instant[inside]
        busy = np.maximum(moments(random, days, days.numbers(instant)), first[active] + 600_000_000)
        all_buyers.append(buyers[active])
        all_instants.append(np.minimum(busy, days.end - random.integers(1, 40_000_000, len(active))))
    return np.concatenate(all_buyers), np.concatenate(all_instants)


def _strangers(parameters: Parameters) -> tuple[Ints, Ints]:
    """Orders of people the CRM does not know: the number of their e-mail address and the instant."""
    random = parameters.random("strangers")
    days = parameters.store_days
    count = max(10, round(parameters.customers * GUESTS))
    guest = random.integers(0, max(5, count * 2 // 3), count)
    guest[random.random(count) < WITHOUT_EMAIL] = NOBODY
    day = random.integers(0, len(days), count)
    day[:3] = len(days) - 1  # the last day has orders whatever the size
    return guest, np.minimum(moments(random, days, day), days.end - random.integers(1, 40_000_000, count))


def _lives(parameters: Parameters, ordered_at: Ints) -> tuple[Ints, Ints]:
    """Status at the end of the span, and when the order got it."""
    random = parameters.random("order statuses")
    end = parameters.store_days.end
    count = len(ordered_at)
    status = np.full(count, PENDING, dtype=np.int64)
    updated_at = ordered_at.copy()
    kind = random.choice(3, count, p=[1 - CANCELLED - TEST, CANCELLED, TEST])
    reached = kind == 0
    at = ordered_at
    for next_status, low, high in ((PAID, 0.001, 0.12), (SHIPPED, 0.3, 2.5), (COMPLETED, 1.0, 5.0)):
        at = later(at, random, low, high)
        reached = reached & (at < end)
        status[reached], updated_at[reached] = next_status, at[reached]
    cancelled_at = later(ordered_at, random, 0.05, 2)
    cancelled = (kind == 1) & (cancelled_at < end)
    status[cancelled], updated_at[cancelled] = CANCELLED_STATUS, cancelled_at[cancelled]
    status[kind == 2] = TEST_STATUS
    return status, updated_at
