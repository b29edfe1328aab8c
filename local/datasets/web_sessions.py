"""Sessions of a web shop laid out as Google Analytics events, for any number of sessions at once.

A session starts, shows pages, then items, takes items into the cart, begins the checkout and buys: as far as it got.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from local.datasets import columns
from local.datasets.columns import Bools, Ints
from local.datasets.days import MICROSECONDS

# The events of a session in their order. An early cart is an add_to_cart before any item was viewed.
STEPS: Final = (
    "session_start", "first_visit", "experiment_impression", "page_view", "early_cart",
    "view_item", "add_to_cart", "begin_checkout", "purchase",
)  # fmt: skip
START, FIRST_VISIT, IMPRESSION, PAGE, EARLY_CART, VIEW, CART, CHECKOUT, PURCHASE = range(len(STEPS))
EVENT_NAMES: Final = [name.replace("early_cart", "add_to_cart") for name in STEPS]
AT_ONCE: Final = (START, FIRST_VISIT, IMPRESSION)  # these happen in one moment, told apart by their sequence only
GAP_SECONDS: Final = 38.0  # mean between two events
LONGEST_GAP: Final = 25 * 60.0  # stays below the 30 minutes that would begin a new session
Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]  # of each session and step
APART: Final = 65 * 60 * MICROSECONDS  # between two sessions of a visitor, so that a cart never spans two of them

SITE: Final = "https://shop.example"
PAGES: Final = {START: "/", FIRST_VISIT: "/", IMPRESSION: "/", CHECKOUT: "/checkout", PURCHASE: "/checkout/thank-you"}
BROWSED: Final = ("/", "/new", "/offers", "/search", "/about/delivery")


@dataclass(frozen=True)
class Carts:
    """Cart lines by session: session s holds the lines starts[s] .. starts[s + 1]."""

    starts: Ints
    product: Ints
    price: Ints  # ten-thousandths
    quantity: Ints

    @property
    def sizes(self) -> Ints:
        """How many lines each session's cart holds."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Timeline:
    """The events of many sessions, by session. `offset` is microseconds since the session began."""

    session: Ints
    step: Ints
    nth: Ints  # 0.. among the events of its step and session
    position: Ints  # 1.. in the session
    offset: Ints
    duration: Ints  # of each session

    def only(self, kept: Bools) -> "Timeline":
        """The timeline without some of its events."""
        return Timeline(
            self.session[kept], self.step[kept], self.nth[kept], self.position[kept], self.offset[kept], self.duration
        )


def lay_out(random: np.random.Generator, counts: Counts) -> Timeline:
    """The timeline of sessions that hold counts[session, step] events of each step."""
    sessions = len(counts)
    flat = counts.ravel()
    step = np.repeat(np.tile(np.arange(len(STEPS)), sessions), flat)
    totals = counts.sum(axis=1)
    session = np.repeat(np.arange(sessions), totals)
    first = np.cumsum(totals) - totals
    position = np.arange(len(step)) - first[session]
    step_first = np.cumsum(flat) - flat
    nth = np.arange(len(step)) - np.repeat(step_first, flat)

    seconds = np.minimum(1 + random.exponential(GAP_SECONDS, len(step)), LONGEST_GAP)
    seconds[np.isin(step, AT_ONCE)] = 0
    clock = np.cumsum((seconds * MICROSECONDS).astype(np.int64))
    offset = clock - clock[first][session]
    return Timeline(session, step, nth, position + 1, offset, offset[first + totals - 1])


def item_texts(product_ids: pa.Array, product: Ints, price: Ints, quantity: Ints) -> pa.Array:
    """Each item as a JSON object: {"item_id", "price" as a decimal in text, "quantity"}."""
    return pc.binary_join_element_wise(
        '{"item_id":"',
        product_ids.take(pa.array(product)),
        '","price":"',
        columns.money(price).cast(pa.string()),
        '","quantity":',
        pa.array(quantity).cast(pa.string()),
        "}",
        "",
    )


def cart_texts(product_ids: pa.Array, carts: Carts) -> pa.Array:
    """The cart of each session as a JSON array."""
    pieces = item_texts(product_ids, carts.product, carts.price, carts.quantity)
    lists = pa.ListArray.from_arrays(pa.array(carts.starts, pa.int32()), pieces)
    return pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")


def items_column(
    product_ids: pa.Array,
    timeline: Timeline,
    carts: Carts,
    product: Ints,
    price: Ints,
    whole_carts: tuple[int, ...] = (CHECKOUT, PURCHASE),
) -> pa.Array:
    """The items of each event: one for a view or a cart, the whole cart at the steps `whole_carts`, else null.

    `product` and `price` are those of each event, -1 where it shows no single item.
    """
    single = product >= 0
    whole = np.isin(timeline.step, whole_carts)
    in_cart = (timeline.step == CART) & (timeline.nth < carts.sizes[timeline.session])
    line = np.where(in_cart, carts.starts[timeline.session] + timeline.nth, 0)
    quantity = np.where(in_cart, carts.quantity[line] if len(carts.quantity) else 1, 1)[single]
    singles = pc.binary_join_element_wise(
        "[", item_texts(product_ids, product[single], price[single], quantity), "]", ""
    )
    texts = pa.concat_arrays([singles, cart_texts(product_ids, carts)])
    index = np.zeros(len(product), dtype=np.int64)
    index[single] = np.arange(single.sum())
    index[whole] = len(singles) + timeline.session[whole]
    return columns.chosen(texts, index, single | whole)


def pages_column(random: np.random.Generator, product_ids: pa.Array, timeline: Timeline, product: Ints) -> pa.Array:
    """The address each event happened at."""
    fixed = [SITE + PAGES.get(step, "/") for step in range(len(STEPS))]
    browsed = [SITE + page for page in BROWSED]
    shown = pc.binary_join_element_wise(SITE + "/products/", product_ids, "")
    index = np.where(timeline.step == PAGE, len(fixed) + random.integers(0, len(browsed), len(product)), timeline.step)
    index = np.where(product >= 0, len(fixed) + len(browsed) + product, index)
    return columns.chosen(pa.concat_arrays([pa.array(fixed + browsed), shown]), index)


def separate(visitor: Ints, start: Ints, end: Ints, movable: Bools, visitors: int) -> tuple[Ints, Ints]:
    """Give sessions too close to another one of their visitor a visitor of their own, the movable one of two first.

    Returns the visitors of the sessions, and for each new visitor, numbered from `visitors`, the one it was split from.
    """
    visitor = visitor.copy()
    origin: list[int] = []
    while True:
        order = np.lexsort((start, visitor))
        before, after = order[:-1], order[1:]
        close = (visitor[before] == visitor[after]) & (start[after] < end[before] + APART)
        if not close.any():
            return visitor, np.array(origin, dtype=np.int64)
        moved = np.unique(np.where(movable[after] | ~movable[before], after, before)[close])
        new = visitors + len(origin) + np.arange(len(moved))
        origin.extend(visitor[moved])
        visitor[moved] = new


def session_numbers(visitor: Ints, start: Ints) -> Ints:
    """1 for a visitor's first session, 2 for the second, and so on."""
    order = np.lexsort((start, visitor))
    ranked = visitor[order]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order)) - np.searchsorted(ranked, ranked) + 1
    return number


def visitor_ids(random: np.random.Generator, count: int) -> pa.Array:
    """Ids as Google Analytics makes them: two numbers with a point between."""
    left = random.permutation(np.arange(count) * 7_919 + 100_000_000).astype(str)
    right = random.integers(10**9, 2 * 10**9, count).astype(str)
    return pc.binary_join_element_wise(pa.array(left), pa.array(right), ".")
