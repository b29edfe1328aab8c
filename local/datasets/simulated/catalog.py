"""The simulated catalog: sixty products and three services, with every price they ever had."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from local.datasets import columns
from local.datasets.columns import Bools, Ints
from local.datasets.layout import MONEY_SCALE, PRODUCTS, arrow_table
from local.datasets.simulated.parameters import Parameters, later, moments

# category > subcategory > name: list price
ASSORTMENT: Final = """
Coffee > Whole beans > House blend 250 g: 7.90 | House blend 1 kg: 26.50 | Ethiopia Guji 250 g: 11.20
Coffee > Whole beans > Decaf 250 g: 8.60 | Loose beans by the 10 g: 0.2375 | Kenya Nyeri 250 g: 12.40
Coffee > Ground > Espresso 250 g: 7.60 | Filter roast 250 g: 7.40 | French press 250 g: 7.80
Coffee > Pods > Compostable pods 10: 4.25 | Compostable pods 50: 18.90 | Decaf pods 10: 4.45
Tea > Black > Assam 100 g: 6.30 | Darjeeling 100 g: 8.90 | Earl Grey 50 bags: 5.10
Tea > Green > Sencha 100 g: 9.40 | Matcha 30 g: 17.50 | Jasmine pearls 100 g: 12.80
Tea > Herbal > Peppermint 50 bags: 4.20 | Camomile 50 bags: 4.20 | Rooibos 100 g: 5.60 | Loose herbs by the 5 g: 0.3125
Brewing > Filter > V60 dripper: 8.75 | Paper filters 100: 5.50 | Gooseneck kettle: 64.00 | Glass server: 22.00
Brewing > Espresso > Moka pot 3 cups: 27.50 | Moka pot 6 cups: 36.00 | Tamper: 24.00 | Milk jug: 15.50
Brewing > Grinders > Hand grinder: 58.00 | Electric grinder: 149.00 | Grinder brush: 6.20 | Cleaning tablets: 9.80
Brewing > Tea > Glass teapot: 29.00 | Cast-iron teapot: 62.00 | Tea strainer: 7.30 | Bamboo whisk: 14.20
Tableware > Cups > Espresso cup: 9.50 | Cappuccino cup: 12.50 | Stoneware mug: 14.00 | Travel mug: 23.00
Tableware > Cups > Glass cup: 8.20
Tableware > Serving > Sugar bowl: 13.50 | Milk pourer: 11.00 | Oak tray: 34.00 | Cake stand: 42.00
Pantry > Biscuits > Shortbread: 4.80 | Amaretti: 5.40 | Stroopwafels: 4.60 | Ginger snaps: 3.90
Pantry > Sweets > Dark chocolate 70 %: 3.80 | Salted caramels: 6.50 | Honey 340 g: 7.10 | Maple syrup: 9.90
Pantry > Syrups > Vanilla syrup: 6.90 | Hazelnut syrup: 6.90 | Oat drink: 2.10
Gifts > Boxes > Tasting box: 32.00 | Tea chest: 45.00 | Starter set: 79.00 | Advent calendar: 55.00
"""
BRANDS: Final = ("Harbour Roastery", "Leaf & Lane", "Brewwright", "Common Clay", "North Pantry", "Fenwick & Daughters")
SERVICES: Final = (
    ("SHIP-STD", "Standard delivery", 39_500),
    ("SHIP-EXP", "Express delivery", 79_500),
    ("GIFT-CARD", "Gift card", -1),
)
LAUNCHED_LATER: Final = 8  # products that join the assortment during the span
RENAMED: Final = 5


@dataclass(frozen=True)
class Catalog:
    """Products by number (merchandise first) and the versions of their rows, sorted by product and time."""

    ids: list[str]
    names: list[str]
    merchandise: int  # how many of the products are merchandise
    sold_from: Ints
    sold_until: Ints
    product: Ints  # of each version
    valid_from: Ints
    price: Ints  # ten-thousandths; -1 for none
    table: pa.Table

    def number(self, product_id: str) -> int:
        """The number of a product id."""
        return self.ids.index(product_id)

    def prices(self, products: Ints, instants: Ints) -> Ints:
        """The list price, in ten-thousandths, of each product at each instant."""
        return self.price[columns.as_of(self.product, self.valid_from, products, instants)]


def _assortment() -> list[tuple[str, str, str, int]]:
    rows = []
    for line in ASSORTMENT.strip().splitlines():
        category, subcategory, products = line.split(" > ")
        for product in products.split(" | "):
            name, price = product.rsplit(": ", 1)
            rows.append((category, subcategory, name, round(float(price) * MONEY_SCALE)))
    return rows


def _price_changes(parameters: Parameters, first: Ints) -> tuple[Ints, Ints]:
    """Products and instants of the price changes: two or three a product and year, and three on the last day."""
    random = parameters.random("price changes")
    days = parameters.store_days
    counts = random.poisson(2.7 * len(days) / 365, len(first))
    product = np.repeat(np.arange(len(first)), counts)
    day = random.integers(1, len(days), len(product))
    last_day = random.choice(len(first) - LAUNCHED_LATER, 3, replace=False)
    product = np.concatenate([product, last_day])
    instants = moments(random, days, np.concatenate([day, np.full(3, len(days) - 1)]))
    kept = instants > first[product]
    return product[kept], instants[kept]


def _new_prices(parameters: Parameters, product: Ints, base: Ints) -> Ints:
    """Prices drift by up to a tenth a change, in whole pence for all but the cheapest."""
    factors = parameters.random("prices").uniform(0.93, 1.12, len(product))
    step = np.where(base[product] < 5_000, 1, 100)
    return np.maximum(np.round(base[product] * factors / step).astype(np.int64), 1) * step


def build(parameters: Parameters) -> Catalog:
    """The catalog of the simulated shop."""
    random = parameters.random("catalog")
    days = parameters.store_days
    rows = _assortment()
    merchandise = len(rows)
    ids = [f"P-{1001 + number}" for number in range(merchandise)] + [service[0] for service in SERVICES]
    names = [row[2] for row in rows] + [service[1] for service in SERVICES]
    base = np.array([row[3] for row in rows] + [service[2] for service in SERVICES], dtype=np.int64)

    created = np.full(len(ids), days.start, dtype=np.int64)
    launches = np.arange(merchandise - LAUNCHED_LATER, merchandise)
    created[launches] = moments(random, days, random.integers(1, max(2, len(days) * 2 // 3), LAUNCHED_LATER))

    changed, changed_at = _price_changes(parameters, created[:merchandise])
    renamed = random.choice(merchandise - LAUNCHED_LATER, RENAMED, replace=False)
    renamed_at = moments(random, days, random.integers(1, len(days), RENAMED))
    retired = random.choice(merchandise - LAUNCHED_LATER, 2, replace=False)
    retired_at = later(np.full(2, days.start), random, len(days) * 0.8, len(days) * 0.95)

    product = np.concatenate([np.arange(len(ids)), changed, renamed, retired]).astype(np.int64)
    valid_from = np.concatenate([created, changed_at, renamed_at, retired_at]).astype(np.int64)
    price = np.concatenate([base, _new_prices(parameters, changed, base), np.full(RENAMED + 2, -1)])
    order = np.lexsort((valid_from, product))
    kind = np.repeat([0, 1, 2, 3], [len(ids), len(changed), RENAMED, 2])[order]
    product, valid_from, price = product[order], valid_from[order], price[order]
    _carry_price(product, kind, price)

    is_renamed = _since(product, kind, 2)
    is_retired = _since(product, kind, 3)
    table = _table(rows, ids, names, created, product, valid_from, price, is_renamed, is_retired)
    sold_until = np.full(len(ids), days.end, dtype=np.int64)
    sold_until[retired] = retired_at
    return Catalog(ids, names, merchandise, created, sold_until, product, valid_from, price, table)


def _carry_price(product: Ints, kind: Ints, price: Ints) -> None:
    """Versions that change something else keep the price of the version before."""
    for row in np.flatnonzero(kind >= 2):
        price[row] = price[row - 1]


def _since(product: Ints, kind: Ints, which: int) -> Bools:
    """Whether a version is, or comes after, one of kind `which` of its product."""
    happened = np.cumsum(kind == which)
    first = np.searchsorted(product, product)
    return happened - happened[first] + (kind[first] == which) > 0


def _table(
    rows: list[tuple[str, str, str, int]],
    ids: list[str],
    names: list[str],
    created: Ints,
    product: Ints,
    valid_from: Ints,
    price: Ints,
    is_renamed: Bools,
    is_retired: Bools,
) -> pa.Table:
    merchandise = len(rows)
    is_merchandise = product < merchandise
    categories = [row[0] for row in rows] + ["Services"] * (len(ids) - merchandise)
    subcategories: list[str | None] = [row[1] for row in rows] + [None] * (len(ids) - merchandise)
    brand = [BRANDS[sorted(set(categories)).index(category) % len(BRANDS)] for category in categories]
    labels = names + [f"{name} (new recipe)" for name in names]
    return arrow_table(
        PRODUCTS,
        {
            "product_id": columns.chosen(ids, product),
            "name": columns.chosen(labels, product + is_renamed * len(names)),
            "category": columns.chosen(categories, product),
            "subcategory": columns.chosen(pa.array(subcategories, pa.string()), product),
            "brand": columns.chosen(brand, product, is_merchandise),
            "list_price": columns.money(price, price >= 0),
            "is_merchandise": is_merchandise,
            "is_active": ~is_retired,
            "created_at": columns.timestamps(created[product]),
            "updated_at": columns.timestamps(valid_from),
        },
    )
