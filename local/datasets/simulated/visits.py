"""The simulated visits of the web shop: who came when and how far they got, by the planted funnel."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from local.datasets import web_sessions
from local.datasets.columns import Bools, Ints
from local.datasets.days import DAY, MICROSECONDS
from local.datasets.simulated.baskets import Lines
from local.datasets.simulated.catalog import Catalog
from local.datasets.simulated.orders import NOBODY, Orders
from local.datasets.simulated.parameters import CHANNELS, DEVICE_SHARES, DEVICES, FUNNEL, Parameters, moments
from local.datasets.simulated.people import PLACE_SHARES, PLACES
from local.datasets.web_sessions import Carts, Timeline

SECOND_DEVICE: Final = 0.25  # share of the buyers who have one, used for a third of their purchases
RECOVERED: Final = 0.22  # purchases that follow an abandoned cart of the same visitor within six days
RETURNING: Final = 0.18  # share of the other visits made by buyers
VISITS_A_STRANGER: Final = 1.5
EARLY_CARTS: Final = 0.02  # of the sessions that only view items: a cart before the view, which no strict funnel counts
VISIT, VIEWED, CARTED, CHECKED_OUT, BOUGHT = range(5)


@dataclass(frozen=True)
class Visits:
    """The sessions of the web shop and their visitors."""

    visitor: Ints  # of each session
    stage: Ints  # how far it got
    start: Ints
    order: Ints  # number of the order bought, NOBODY for none
    early_cart: Bools
    carts: Carts
    timeline: Timeline
    device: Ints  # of each visitor, as are the three below
    channel: Ints
    place: Ints
    customer: Ints

    @property
    def end(self) -> Ints:
        """When each session's last event happens."""
        return self.start + self.timeline.duration


def build(parameters: Parameters, catalog: Catalog, orders: Orders, lines: Lines) -> Visits:
    """The sessions: one for each order of channel web, and those that did not buy."""
    random = parameters.random("visits")
    bought = np.flatnonzero(orders.channel == 0)
    visitor, customer = _buyers(random, orders, bought)
    device = random.choice(len(DEVICES), len(customer), p=DEVICE_SHARES)
    channel = random.choice(len(CHANNELS), len(customer), p=[share for _, _, share, _ in CHANNELS])
    group = device * len(CHANNELS) + channel

    other_group, other_stage = _others(np.bincount(group[visitor], minlength=len(DEVICES) * len(CHANNELS)))
    stage = np.concatenate([np.full(len(bought), BOUGHT), other_stage])
    order = np.concatenate([bought, np.full(len(other_stage), NOBODY)])
    early_cart = (stage == VIEWED) & (random.random(len(stage)) < EARLY_CARTS)
    carts = _carts(random, catalog, orders, lines, order, stage)
    timeline = web_sessions.lay_out(random, _counts(random, stage, carts, early_cart))

    delay = random.integers(1, 2 * MICROSECONDS, len(bought))  # the shop stores the order, then its page tells Google
    purchase_start = orders.ordered_at[bought] + delay - timeline.duration[: len(bought)]
    other_visitor, other_start, strangers = _assign(
        random, parameters, visitor, group, purchase_start, other_group, other_stage
    )
    duration = timeline.duration[len(bought) :]
    days = parameters.store_days
    other_start = np.clip(other_start, days.start, days.end - duration - 1)
    visitor = np.concatenate([visitor, other_visitor])
    start = np.concatenate([purchase_start, other_start])
    start[: len(bought)] = np.clip(start[: len(bought)], days.start, days.end - timeline.duration[: len(bought)] - 1)
    group = np.concatenate([group, strangers])
    customer = np.concatenate([customer, np.full(len(strangers), NOBODY)])

    visitor, origin = web_sessions.separate(visitor, start, start + timeline.duration, stage < BOUGHT, len(group))
    group = np.concatenate([group, group[origin]])
    customer = np.concatenate([customer, np.full(len(origin), NOBODY)])
    shares = np.array(PLACE_SHARES) / sum(PLACE_SHARES)
    place = random.choice(len(PLACES), len(group), p=shares)
    place[visitor[: len(bought)]] = orders.place[bought]
    return Visits(
        visitor, stage, start, order, early_cart, carts, timeline,
        device=group // len(CHANNELS), channel=group % len(CHANNELS), place=place, customer=customer,
    )  # fmt: skip


def _buyers(random: np.random.Generator, orders: Orders, bought: Ints) -> tuple[Ints, Ints]:
    """The visitor of each purchase, and the customer each visitor is."""
    nameless = np.arange(len(bought)) + int(orders.guest.max()) + 1
    person = np.where(orders.guest[bought] == NOBODY, nameless, orders.guest[bought])
    known = orders.buyer[bought] != NOBODY
    person = np.where(known, orders.buyer[bought], person + int(orders.buyer.max()) + 1)
    has_second = random.random(int(person.max()) + 1) < SECOND_DEVICE
    second = has_second[person] & (random.random(len(bought)) < 1 / 3)
    _, first, visitor = np.unique(person * 2 + second, return_index=True, return_inverse=True)
    return visitor.astype(np.int64), np.where(known[first], orders.buyer[bought][first], NOBODY)


def step_rates(group: int) -> list[float]:
    """The planted share of sessions that go on at each of the four steps, for a device and channel."""
    factor = CHANNELS[group % len(CHANNELS)][3]
    return [min(rate * factor, 0.95) for rate in FUNNEL[DEVICES[group // len(CHANNELS)]]]


def _others(purchases: Ints) -> tuple[Ints, Ints]:
    """Group and stage of the sessions without a purchase: as many as the planted rates ask for."""
    groups, stages = [], []
    for group, bought in enumerate(purchases):
        reached = [int(bought)]
        for rate in reversed(step_rates(group)):
            reached.insert(0, max(round(reached[0] / rate), reached[0]))
        ended = -np.diff(reached)
        groups.append(np.full(ended.sum(), group))
        stages.append(np.repeat(np.arange(4), ended))
    return np.concatenate(groups), np.concatenate(stages)


def _carts(
    random: np.random.Generator, catalog: Catalog, orders: Orders, lines: Lines, order: Ints, stage: Ints
) -> Carts:
    """What lies in the cart of each session: the goods of its order, or a few products."""
    goods = np.flatnonzero((lines.product < catalog.merchandise) & (orders.channel[lines.order] == 0))
    bought = np.flatnonzero(order != NOBODY)
    sizes = np.zeros(len(order), dtype=np.int64)
    sizes[bought] = np.bincount(lines.order[goods], minlength=len(orders))[order[bought]]
    left = np.flatnonzero((stage == CARTED) | (stage == CHECKED_OUT))
    sizes[left] = 1 + random.poisson(0.6, len(left))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    extra = int(sizes[left].sum())
    product = np.concatenate([lines.product[goods], random.integers(0, catalog.merchandise - 8, extra)])
    base = catalog.prices(np.arange(catalog.merchandise), np.full(catalog.merchandise, orders.ordered_at[-1]))
    price = np.concatenate([lines.unit_price[goods], base[product[len(goods) :]]])
    quantity = np.concatenate([lines.quantity[goods], np.ones(extra, dtype=np.int64)])
    return Carts(starts, product, price, quantity)  # purchases stand first in `order`, so their goods do as well


def _counts(random: np.random.Generator, stage: Ints, carts: Carts, early_cart: Bools) -> web_sessions.Counts:
    """How many events of each step every session holds."""
    counts = np.zeros((len(stage), len(web_sessions.STEPS)), dtype=np.int64)
    counts[:, [web_sessions.START, web_sessions.FIRST_VISIT, web_sessions.IMPRESSION]] = 1  # the caller drops some
    counts[:, web_sessions.PAGE] = 1 + random.poisson(0.4, len(stage))
    counts[:, web_sessions.EARLY_CART] = early_cart
    counts[:, web_sessions.VIEW] = np.where(
        stage >= VIEWED, np.maximum(carts.sizes, 1) + random.poisson(0.8, len(stage)), 0
    )
    counts[:, web_sessions.CART] = np.where(stage >= CARTED, np.maximum(carts.sizes, 1), 0)
    counts[:, web_sessions.CHECKOUT] = stage >= CHECKED_OUT
    counts[:, web_sessions.PURCHASE] = stage >= BOUGHT
    return counts


def _assign(
    random: np.random.Generator,
    parameters: Parameters,
    visitor: Ints,
    group: Ints,
    purchase_start: Ints,
    other_group: Ints,
    other_stage: Ints,
) -> tuple[Ints, Ints, Ints]:
    """Visitors and starts of the sessions without a purchase, and the groups of the strangers among the visitors."""
    days = parameters.store_days
    count = len(other_group)
    start = moments(random, days, random.integers(0, len(days), count))
    chosen = np.full(count, NOBODY)
    for number in np.unique(other_group):
        mine = np.flatnonzero(other_group == number)
        purchases = np.flatnonzero(group[visitor] == number)
        left = random.permutation(mine[(other_stage[mine] == CARTED) | (other_stage[mine] == CHECKED_OUT)])
        left = left[: round(len(purchases) * RECOVERED)]
        before = random.permutation(purchases)[: len(left)]
        left = left[: len(before)]
        chosen[left] = visitor[before]
        start[left] = purchase_start[before] - (random.uniform(0.1, 6, len(left)) * DAY).astype(np.int64)
        back = mine[(chosen[mine] == NOBODY) & (random.random(len(mine)) < RETURNING)]
        chosen[back] = random.choice(visitor[purchases], len(back))
    lost = start < days.start  # would have begun before the shop's first day
    start[lost] += days.start - start[lost] + random.integers(0, DAY, int(lost.sum()))

    strange = np.flatnonzero(chosen == NOBODY)
    pick = random.integers(0, max(1, int(len(strange) / VISITS_A_STRANGER)), len(strange))
    keys, stranger = np.unique(other_group[strange] * (int(pick.max(initial=0)) + 1) + pick, return_inverse=True)
    chosen[strange] = len(group) + stranger
    return chosen, start, keys // (int(pick.max(initial=0)) + 1)
