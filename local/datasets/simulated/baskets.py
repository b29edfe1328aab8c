"""What is in the simulated orders: products, quantities, prices, discounts, delivery."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from local.datasets.columns import Ints
from local.datasets.layout import MONEY_SCALE
from local.datasets.simulated.catalog import Catalog
from local.datasets.simulated.orders import NOBODY, Orders
from local.datasets.simulated.parameters import PAIRS, Parameters

BASKET_MEAN: Final = 1.6  # further products beside the first
LARGEST: Final = 8
CHUNK: Final = 50_000  # orders drawn at a time: bounds memory for large shops
FREE_DELIVERY: Final = 50 * MONEY_SCALE
PROMOTED: Final = 0.18  # share of the orders with a discount
GIFT_CARDS: Final = 0.015
BY_WEIGHT: Final = 5_000  # a list price below this (ten-thousandths) is one of a few grams: sold in many units


@dataclass(frozen=True)
class Lines:
    """Order lines, by order. Money in ten-thousandths."""

    order: Ints  # number of the order
    number: Ints  # 1.. within the order
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints

    def __len__(self) -> int:
        return len(self.order)

    @property
    def amount(self) -> Ints:
        """Line totals before discounts."""
        return self.quantity * self.unit_price

    def totals(self, orders: int) -> Ints:
        """What each order costs after discounts."""
        totals = np.zeros(orders, dtype=np.int64)
        np.add.at(totals, self.order, self.amount - self.discount)
        return totals


def build(parameters: Parameters, catalog: Catalog, orders: Orders) -> Lines:
    """The lines of the orders."""
    random = parameters.random("baskets")
    popularity = random.permutation(np.arange(1, catalog.merchandise + 1) ** -0.7)
    parts = [
        _products(random, catalog, popularity, orders.ordered_at[start : start + CHUNK], start)
        for start in range(0, len(orders), CHUNK)
    ]
    order = np.concatenate([part[0] for part in parts])
    product = np.concatenate([part[1] for part in parts])
    price = catalog.prices(product, orders.ordered_at[order])
    quantity = _quantities(random, parameters, orders.buyer[order], price)
    percent = np.where(random.random(len(orders)) < PROMOTED, random.choice([5, 10, 15, 20], len(orders)), 0)[order]
    discount = quantity * price * percent // 10_000 * 100  # whole pence
    goods = Lines(order, order, product, quantity, price, discount)
    return _numbered(goods, *_services(random, catalog, orders, goods))


def _products(
    random: np.random.Generator, catalog: Catalog, popularity: np.ndarray, ordered_at: Ints, start: int
) -> tuple[Ints, Ints]:
    """Orders and their distinct products: popular ones first (Gumbel top-k), then the planted companions."""
    count = len(ordered_at)
    goods = np.arange(catalog.merchandise)
    sold = (ordered_at[:, None] >= catalog.sold_from[goods]) & (ordered_at[:, None] < catalog.sold_until[goods])
    scores = np.where(sold, np.log(popularity) + random.gumbel(size=(count, catalog.merchandise)), -np.inf)
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :LARGEST]
    sizes = 1 + np.minimum(random.poisson(BASKET_MEAN, count), LARGEST - 1)
    chosen = np.zeros((count, catalog.merchandise), dtype=bool)
    rows, places = np.nonzero(np.arange(LARGEST) < sizes[:, None])
    chosen[rows, ranked[rows, places]] = True
    for first, second, probability in PAIRS:
        a, b = catalog.number(first), catalog.number(second)
        chosen[:, b] |= chosen[:, a] & sold[:, b] & (random.random(count) < probability)
    order, product = np.nonzero(chosen)
    return order + start, product


def _quantities(random: np.random.Generator, parameters: Parameters, buyer: Ints, price: Ints) -> Ints:
    """Units of each line: some customers always buy more than others (gamma distributed)."""
    appetite = parameters.random("appetite").gamma(2.0, 0.2, parameters.customers + 1)  # the last one is everybody else
    appetite[NOBODY] = 0.3
    quantity = 1 + random.poisson(appetite[buyer])
    return np.where(price < BY_WEIGHT, quantity * random.integers(5, 60, len(price)), quantity)


def _services(random: np.random.Generator, catalog: Catalog, orders: Orders, goods: Lines) -> tuple[Ints, Ints, Ints]:
    """Orders, products and prices of the delivery and gift-card lines."""
    small = goods.totals(len(orders)) < FREE_DELIVERY
    delivered = np.flatnonzero(small & (orders.channel != 2))  # 2: collected in the store
    express = random.random(len(delivered)) < 0.2
    delivery = np.where(express, catalog.number("SHIP-EXP"), catalog.number("SHIP-STD"))
    gifts = np.flatnonzero(random.random(len(orders)) < GIFT_CARDS)
    order = np.concatenate([delivered, gifts])
    product = np.concatenate([delivery, np.full(len(gifts), catalog.number("GIFT-CARD"))])
    values = random.choice([10, 25, 50], len(gifts)) * MONEY_SCALE
    price = np.concatenate([catalog.prices(delivery, orders.ordered_at[delivered]), values])
    return order, product, price


def _numbered(goods: Lines, order: Ints, product: Ints, price: Ints) -> Lines:
    """Goods and services together, by order, numbered within it."""
    orders = np.concatenate([goods.order, order])
    products = np.concatenate([goods.product, product])
    ranks = np.lexsort((products, orders))
    orders = orders[ranks]
    extra = np.zeros(len(order), dtype=np.int64)
    return Lines(
        order=orders,
        number=np.arange(len(orders)) - np.searchsorted(orders, orders) + 1,
        product=products[ranks],
        quantity=np.concatenate([goods.quantity, extra + 1])[ranks],
        unit_price=np.concatenate([goods.unit_price, price])[ranks],
        discount=np.concatenate([goods.discount, extra])[ranks],
    )
