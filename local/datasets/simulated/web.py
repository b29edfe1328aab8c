"""The simulated web events: the visits as Google Analytics exported them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from local.datasets import columns, web_sessions
from local.datasets.columns import Bools, Ints
from local.datasets.days import DAY, MICROSECONDS
from local.datasets.layout import WEB_EVENTS, arrow_table
from local.datasets.simulated import experiments, visits
from local.datasets.simulated.baskets import Lines
from local.datasets.simulated.catalog import Catalog
from local.datasets.simulated.orders import NOBODY, Orders
from local.datasets.simulated.parameters import CHANNELS, DEVICES, Parameters
from local.datasets.simulated.people import COUNTRIES, People
from local.datasets.simulated.visits import BOUGHT, Visits

WITHOUT_SESSION_ID: Final = 0.03
SIGNED_IN_BUYING: Final = 0.45  # share of customers' purchases made signed in
SIGNED_IN_LOOKING: Final = 0.30
CART_STEPS: Final = (web_sessions.EARLY_CART, web_sessions.CART, web_sessions.CHECKOUT, web_sessions.PURCHASE)
RECOVERABLE: Final = DAY // 24 + 7 * DAY  # an hour without activity closes a cart; it may be bought for seven days then


@dataclass(frozen=True)
class Web:
    """The events, the moment and the place of each, and what was planted."""

    events: pa.Table
    at: Ints
    planted: dict[str, Any]


def build(
    parameters: Parameters, catalog: Catalog, people: People, orders: Orders, order_ids: pa.Array, lines: Lines
) -> Web:
    """The events of the simulated shop."""
    random = parameters.random("web")
    made = visits.build(parameters, catalog, orders, lines)
    exposures = experiments.build(parameters, made)
    number = web_sessions.session_numbers(made.visitor, made.start)
    timeline = made.timeline.only(
        ((made.timeline.step != web_sessions.FIRST_VISIT) | (number[made.timeline.session] == 1))
        & ((made.timeline.step != web_sessions.IMPRESSION) | (exposures.experiment[made.timeline.session] != NOBODY))
    )
    session = timeline.session
    at = made.start[session] + timeline.offset
    product, price = _shown(random, catalog, made, timeline, at)
    ids = pa.array(catalog.ids)

    has_id = random.random(len(made.start)) >= WITHOUT_SESSION_ID
    user = _signed_in(random, people, orders, made)
    purchase = timeline.step == web_sessions.PURCHASE
    order = np.where(purchase, made.order[session], 0)
    exposed = timeline.step == web_sessions.IMPRESSION
    visitor = made.visitor[session]
    events = arrow_table(
        WEB_EVENTS,
        {
            "event_name": columns.chosen(web_sessions.EVENT_NAMES, timeline.step),
            "event_at": columns.timestamps(at),
            "event_sequence": timeline.position,
            "user_pseudo_id": web_sessions.visitor_ids(parameters.random("visitor ids"), len(made.device)).take(
                pa.array(visitor)
            ),
            "user_id": columns.chosen(people.ids, user[session], user[session] != NOBODY),
            "session_id": columns.integers(made.start[session] // MICROSECONDS, has_id[session]),
            "session_number": columns.integers(number[session], has_id[session]),
            "page_location": web_sessions.pages_column(random, ids, timeline, product),
            "items": web_sessions.items_column(ids, timeline, made.carts, product, price),
            "transaction_id": columns.chosen(order_ids, order, purchase),
            "purchase_revenue": columns.money(lines.totals(len(orders))[order], purchase),
            "device_category": columns.chosen(list(DEVICES), made.device[visitor]),
            "country": columns.chosen(COUNTRIES, made.place[visitor]),
            "traffic_source": columns.chosen([channel[0] for channel in CHANNELS], made.channel[visitor]),
            "traffic_medium": columns.chosen([channel[1] for channel in CHANNELS], made.channel[visitor]),
            "experiment_id": columns.chosen(
                [plan.id for plan in experiments.EXPERIMENTS], exposures.experiment[session].clip(0), exposed
            ),
            "experiment_variant": columns.chosen(
                list(experiments.VARIANTS), exposures.variant[session].clip(0), exposed
            ),
        },
    )
    planted = {
        "funnel": _funnel(made),
        "carts": _cart_truth(made, _last_cart_activity(made, timeline, at)),
        "experiments": exposures.planted,
        "web": {
            "sessions": len(made.start),
            "visitors": len(np.unique(made.visitor)),
            "events_signed_in": int((user[session] != NOBODY).sum()),
            "sessions_without_ga_session_id": int((~has_id).sum()),
            "sessions_over_midnight": int(_over_midnight(parameters, made).sum()),
        },
    }
    return Web(events, at, planted)


def _shown(
    random: np.random.Generator, catalog: Catalog, made: Visits, timeline: web_sessions.Timeline, at: Ints
) -> tuple[Ints, Ints]:
    """The product and price each view or add to cart shows: those of the cart first, then any; -1 for other events."""
    single = np.isin(timeline.step, (web_sessions.EARLY_CART, web_sessions.VIEW, web_sessions.CART))
    in_cart = single & (timeline.nth < made.carts.sizes[timeline.session])
    product = np.where(single, random.integers(0, catalog.merchandise - 8, len(single)), -1)
    price = np.full(len(single), -1)
    line = (made.carts.starts[timeline.session] + timeline.nth)[in_cart]
    product[in_cart], price[in_cart] = made.carts.product[line], made.carts.price[line]
    free = single & ~in_cart
    price[free] = catalog.prices(product[free], np.maximum(at[free], catalog.sold_from[product[free]]))
    return product, price


def _signed_in(random: np.random.Generator, people: People, orders: Orders, made: Visits) -> Ints:
    """The customer signed in during each session, NOBODY for none."""
    customer = made.customer[made.visitor]
    bought = made.stage == BOUGHT
    likely = np.where(bought, SIGNED_IN_BUYING, SIGNED_IN_LOOKING)
    can = (customer != NOBODY) & (people.created_at[customer.clip(0)] <= made.start)
    as_guest = bought & orders.is_guest[made.order.clip(0)]
    return np.where(can & ~as_guest & (random.random(len(customer)) < likely), customer, NOBODY)


def _over_midnight(parameters: Parameters, made: Visits) -> Bools:
    days = parameters.store_days
    return days.numbers(made.start) != days.numbers(made.end)


def _funnel(made: Visits) -> list[dict[str, Any]]:
    """How many sessions reached each step, by device, source and medium."""
    names = ("visit", "view_item", "add_to_cart", "begin_checkout", "purchase")
    group = made.device[made.visitor] * len(CHANNELS) + made.channel[made.visitor]
    reached = np.stack(
        [np.bincount(group[made.stage >= step], minlength=len(DEVICES) * len(CHANNELS)) for step in range(5)]
    )
    return [
        {
            "device_category": DEVICES[number // len(CHANNELS)],
            "traffic_source": CHANNELS[number % len(CHANNELS)][0],
            "traffic_medium": CHANNELS[number % len(CHANNELS)][1],
            "planted_step_rates": [round(rate, 4) for rate in visits.step_rates(number)],
            **{name: int(reached[step, number]) for step, name in enumerate(names)},
        }
        for number in range(len(DEVICES) * len(CHANNELS))
    ]


def _last_cart_activity(made: Visits, timeline: web_sessions.Timeline, at: Ints) -> Ints:
    """Moment of each session's last event that has to do with its cart; the session's start where there is none."""
    last = made.start.copy()
    in_cart = np.isin(timeline.step, CART_STEPS)
    np.maximum.at(last, timeline.session[in_cart], at[in_cart])
    return last


def _cart_truth(made: Visits, last_activity: Ints) -> dict[str, int]:
    """Carts left behind, and those of them whose visitor bought within seven days after the hour that closed them."""
    left = np.flatnonzero(((made.stage == visits.CARTED) | (made.stage == visits.CHECKED_OUT)) | made.early_cart)
    bought = np.flatnonzero(made.stage == BOUGHT)
    base = int(made.start.min())
    span = int(made.end.max()) - base + RECOVERABLE + 1
    fits = span * (int(made.visitor.max()) + 1) < 2**63
    unit = 1 if fits else MICROSECONDS  # a visitor and a moment in one number
    width = span // unit + 1
    keys = np.sort(made.visitor[bought] * width + (last_activity[bought] - base) // unit)
    low = made.visitor[left] * width + (last_activity[left] - base) // unit
    following = np.searchsorted(keys, low, side="right")
    found = following < len(keys)
    recovered = found & (keys[np.minimum(following, len(keys) - 1)] <= low + RECOVERABLE // unit)
    return {
        "opened": len(left) + len(bought),
        "abandoned": len(left),
        "recovered_within_7_days": int(recovered.sum()),
    }
