"""Web visits made up from real baskets: one that bought each basket, and some that bought nothing.

Everything about a visit follows from the ids of its basket and its customer, so the same baskets give the same events.
"""

from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from local.datasets import columns, web_sessions
from local.datasets.columns import Ints
from local.datasets.days import DAY, MICROSECONDS, StoreDays
from local.datasets.layout import MONEY_SCALE, WEB_EVENTS, arrow_table
from local.datasets.web_sessions import Carts, Timeline

SEED: Final = 2017
DEVICES: Final = ("desktop", "mobile", "tablet")
DEVICE_CUTS: Final = (0.40, 0.92)
SOURCES: Final = (("google", "organic"), ("google", "cpc"), ("(direct)", "(none)"), ("newsletter", "email"))
SOURCE_CUTS: Final = (0.40, 0.60, 0.85)
ABANDONED: Final = 0.15  # visits without a purchase, as a share of the baskets
SIGNED_IN: Final = 0.10
SALTS: Final = {"page": 1, "signed in": 2, "delay": 3, "abandoned": 4, "when": 5, "stage": 6, "device": 7, "source": 8}

BASKETS: Final = """
select
    cast(order_id as bigint) as basket,
    cast(orders.customer_id as bigint) as household,
    epoch_us(orders.ordered_at) as ordered_at,
    cast(total_amount * {scale} as bigint) as total
from orders
order by orders.ordered_at, basket
"""

CARTS: Final = """
select
    cast(lines.order_id as bigint) as basket,
    products.number as product,
    cast(unit_price * {scale} as bigint) as price,
    quantity
from lines
inner join orders on lines.order_id = orders.order_id
inner join products on lines.product_id = products.product_id
order by orders.ordered_at, basket, cast(lines.product_id as bigint)
"""


def share(ids: Ints, salt: int) -> np.ndarray:
    """A number from 0 to below 1 for each id, that looks random and never changes (splitmix64)."""
    mixed = ids.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53


def build(connection: duckdb.DuckDBPyConnection, days: StoreDays) -> tuple[pa.Table, Ints]:
    """The events, and the number of the day each belongs to, from the tables `lines` and `orders` of the connection."""
    connection.execute(
        "create or replace table products as select product_id, row_number() over (order by product_id) - 1 as number "
        "from (select distinct product_id from lines)"
    )
    product_ids = connection.sql("select product_id from products order by number").to_arrow_table()[0].combine_chunks()
    baskets = connection.sql(BASKETS.format(scale=MONEY_SCALE)).fetchnumpy()
    cart = connection.sql(CARTS.format(scale=MONEY_SCALE)).fetchnumpy()
    basket, household = baskets["basket"], baskets["household"]

    left = np.flatnonzero(share(basket, SALTS["abandoned"]) < ABANDONED)  # these households also came in vain
    bought = len(basket)
    source = np.concatenate([np.arange(bought), left])
    is_purchase = np.arange(len(source)) < bought
    carts = _carts(cart, basket, left)
    timeline = web_sessions.lay_out(np.random.default_rng(SEED), _counts(basket[source], is_purchase))

    ordered_at = baskets["ordered_at"]
    delay = 1 + (share(basket, SALTS["delay"]) * 2 * MICROSECONDS).astype(np.int64)
    start = ordered_at + delay - timeline.duration[:bought]
    before = ((0.1 + 5 * share(basket[left], SALTS["when"])) * DAY).astype(np.int64)
    start = np.concatenate([start, ordered_at[left] - before])
    start = np.clip(start, days.start, days.end - timeline.duration - 1)

    people, visitor = np.unique(household[source], return_inverse=True)
    visitor, origin = web_sessions.separate(visitor, start, start + timeline.duration, ~is_purchase, len(people))
    person = np.concatenate([people, people[origin]])
    return _events(
        timeline, carts, product_ids, basket, source, is_purchase, start, visitor, person, baskets["total"], days
    )


def _counts(basket: Ints, is_purchase: np.ndarray) -> web_sessions.Counts:
    """How many events of each step a visit holds: one of each as far as it got, and a page for every third."""
    counts = np.zeros((len(basket), len(web_sessions.STEPS)), dtype=np.int64)
    stage = np.where(is_purchase, 4, (share(basket, SALTS["stage"]) * 4).astype(np.int64))
    counts[:, web_sessions.START] = 1
    counts[:, web_sessions.PAGE] = (share(basket, SALTS["page"]) < 1 / 3) | (stage == 0)
    for reached, step in enumerate(
        (web_sessions.VIEW, web_sessions.CART, web_sessions.CHECKOUT, web_sessions.PURCHASE), 1
    ):
        counts[:, step] = stage >= reached
    return counts


def _carts(cart: dict[str, np.ndarray], basket: Ints, left: Ints) -> Carts:
    """The goods of each basket, and for each visit in vain the first of those bought some days later."""
    sizes = np.unique(cart["basket"], return_inverse=True, return_counts=True)
    counts = sizes[2][np.searchsorted(sizes[0], basket)]
    starts = np.concatenate([[0], np.cumsum(counts)])
    first = starts[:-1][left]
    return Carts(
        np.concatenate([starts, starts[-1] + np.arange(1, len(left) + 1)]),
        *(np.concatenate([cart[name], cart[name][first]]) for name in ("product", "price", "quantity")),
    )


def _events(
    timeline: Timeline,
    carts: Carts,
    product_ids: pa.Array,
    basket: Ints,
    source: Ints,
    is_purchase: np.ndarray,
    start: Ints,
    visitor: Ints,
    person: Ints,
    total: Ints,
    days: StoreDays,
) -> tuple[pa.Table, Ints]:
    session = timeline.session
    at = start[session] + timeline.offset
    single = np.isin(timeline.step, (web_sessions.VIEW, web_sessions.CART))
    line = carts.starts[session]  # a visit views one item and takes it; the purchase holds the whole basket
    product = np.where(single, carts.product[line], -1)
    price = np.where(single, carts.price[line], -1)
    number = web_sessions.session_numbers(visitor, start)
    purchase = timeline.step == web_sessions.PURCHASE
    signed_in = share(basket[source] * 2 + is_purchase, SALTS["signed in"]) < SIGNED_IN
    visitor_number = np.arange(len(person))
    device = np.digitize(share(visitor_number, SALTS["device"]), DEVICE_CUTS)
    channel = np.digitize(share(visitor_number, SALTS["source"]), SOURCE_CUTS)
    random = np.random.default_rng([SEED, 1])
    who = visitor[session]
    events = arrow_table(
        WEB_EVENTS,
        {
            "event_name": columns.chosen(web_sessions.EVENT_NAMES, timeline.step),
            "event_at": columns.timestamps(at),
            "event_sequence": timeline.position,
            "user_pseudo_id": web_sessions.visitor_ids(random, len(person)).take(pa.array(who)),
            "user_id": columns.chosen(columns.numbered("", person), who, signed_in[session]),
            "session_id": start[session] // MICROSECONDS,
            "session_number": number[session],
            "page_location": web_sessions.pages_column(random, product_ids, timeline, product),
            "items": web_sessions.items_column(
                product_ids, timeline, carts, product, price, whole_carts=(web_sessions.PURCHASE,)
            ),
            "transaction_id": columns.chosen(columns.numbered("", basket), source[session], purchase),
            "purchase_revenue": columns.money(total[source[session]], purchase),
            "device_category": columns.chosen(list(DEVICES), device[who]),
            "traffic_source": columns.chosen([name for name, _ in SOURCES], channel[who]),
            "traffic_medium": columns.chosen([medium for _, medium in SOURCES], channel[who]),
        },
    )
    return events, days.numbers(at)
