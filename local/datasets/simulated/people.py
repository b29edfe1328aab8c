"""The simulated customers: who they are, when they joined, how they moved, and what the CRM kept of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from local.datasets import columns
from local.datasets.columns import Ints
from local.datasets.days import DAY, MILLISECOND
from local.datasets.layout import CUSTOMERS, arrow_table
from local.datasets.simulated.parameters import Parameters, moments

FIRST_NAMES: Final = (
    "Amelia", "Oliver", "Isla", "George", "Ava", "Noah", "Freya", "Arthur", "Mia", "Leo", "Grace", "Harry", "Lily",
    "Theo", "Sophie", "Oscar", "Ella", "Jack", "Ruby", "Henry", "Zoë", "Søren", "Chloé", "Matthias", "Anaïs", "Lukas",
    "Inès", "Jan", "Saoirse", "Niamh", "Aoife", "Cillian", "Priya", "Arjun", "Fatima", "Yusuf", "Mei", "Kwame",
)  # fmt: skip
LAST_NAMES: Final = (
    "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel", "Wright", "Walker",
    "Evans", "Roberts", "Green", "Hall", "Wood", "Clarke", "O'Brien", "Murphy", "Kelly", "Byrne", "Müller", "Schmidt",
    "Weber", "Fischer", "Martin", "Bernard", "Dubois", "Petit", "Jansen", "Visser", "Bakker", "Núñez", "García",
    "Ahmed", "Khan", "Chen", "Okafor",
)  # fmt: skip
PLACES: Final = (
    ("United Kingdom", "London"), ("United Kingdom", "Manchester"), ("United Kingdom", "Bristol"),
    ("United Kingdom", "Leeds"), ("United Kingdom", "Glasgow"), ("United Kingdom", "Cardiff"),
    ("United Kingdom", "Belfast"), ("Ireland", "Dublin"), ("Ireland", "Cork"), ("Germany", "Berlin"),
    ("Germany", "Köln"), ("France", "Paris"), ("France", "Lyon"), ("Netherlands", "Utrecht"), ("Spain", "Málaga"),
)  # fmt: skip
PLACE_SHARES: Final = (22, 11, 9, 8, 7, 5, 4, 6, 3, 6, 4, 5, 3, 5, 2)
COUNTRIES: Final = [place[0] for place in PLACES]

MOVERS = 0.12  # share of the customers who move once or twice
NEW_PHONE = 0.06
DELETED = 0.012
SILENT = 0.07  # contacts who never order


@dataclass(frozen=True)
class People:
    """CRM customers by number, and the versions of their rows, sorted by customer and time."""

    ids: pa.Array
    emails: list[str]
    created_at: Ints
    buys: Ints  # the numbers of those who order at least once
    customer: Ints  # of each version
    valid_from: Ints
    place: Ints
    table: pa.Table

    def places(self, customers: Ints, instants: Ints) -> Ints:
        """Where each customer lived at each instant, as numbers of PLACES."""
        return self.place[columns.as_of(self.customer, self.valid_from, customers, instants)]


def build(parameters: Parameters) -> People:
    """The customers of the simulated shop."""
    random = parameters.random("people")
    days = parameters.store_days
    count = parameters.customers
    joined = np.sort((random.beta(0.9, 1.15, count) * (len(days) - 1)).astype(np.int64))
    created = np.maximum(moments(random, days, joined), days.start + 3_600_000_000)
    created.sort()

    customer, valid_from, change = _changes(parameters, created)
    shares = np.array(PLACE_SHARES) / sum(PLACE_SHARES)
    place = random.choice(len(PLACES), len(customer), p=shares)
    phone = random.integers(0, 10**6, len(customer))
    for row in np.flatnonzero(change > 0):  # a version keeps what it does not change
        place[row] = place[row - 1] if change[row] != MOVE else (place[row - 1] + 1 + place[row] % 7) % len(PLACES)
        phone[row] = phone[row - 1] if change[row] != PHONE else phone[row]

    first = random.integers(0, len(FIRST_NAMES), count)
    last = random.integers(0, len(LAST_NAMES), count)
    emails = [
        f"{_plain(FIRST_NAMES[first[number]])}.{_plain(LAST_NAMES[last[number]])}{number + 1}@example.com"
        for number in range(count)
    ]
    silent = random.random(count) < SILENT
    ids = columns.numbered("C", np.arange(1, count + 1), 6)
    table = arrow_table(
        CUSTOMERS,
        {
            "customer_id": ids.take(pa.array(customer)),
            "first_name": columns.chosen(list(FIRST_NAMES), first[customer]),
            "last_name": columns.chosen(list(LAST_NAMES), last[customer]),
            "email": columns.chosen(emails, customer),
            "phone": columns.numbered("+44 7700 ", phone, 6, valid=phone % 9 > 0),
            "country": columns.chosen(COUNTRIES, place),
            "city": columns.chosen([place[1] for place in PLACES], place),
            "is_deleted": change == DELETION,
            "created_at": columns.timestamps(created[customer]),
            "updated_at": columns.timestamps(valid_from),
        },
    )
    return People(ids, emails, created, np.flatnonzero(~silent), customer, valid_from, place, table)


MOVE, PHONE, DELETION = 1, 2, 3


def _changes(parameters: Parameters, created: Ints) -> tuple[Ints, Ints, Ints]:
    """The versions of the customers: number, beginning and what changed (0 for the first), sorted."""
    random = parameters.random("changes of customers")
    end = parameters.store_days.end
    count = len(created)
    movers = np.flatnonzero(random.random(count) < MOVERS)
    movers = np.concatenate([movers, random.choice(movers, len(movers) // 5, replace=False)])
    phones = np.flatnonzero(random.random(count) < NEW_PHONE)
    changed = np.concatenate([movers, phones])
    at = created[changed] + (random.uniform(0.02, 0.98, len(changed)) * (end - created[changed])).astype(np.int64)

    today = random.choice(count, 3, replace=False)  # the last day has changes whatever the size
    deleted = random.choice(count, max(1, round(count * DELETED)), replace=False)
    # The CRM tells times to the millisecond: closer together, two versions would be one.
    deleted_at = np.maximum(created[deleted] + MILLISECOND, end - random.integers(1, 60 * DAY, len(deleted)))
    before_deletion = np.full(count, end, dtype=np.int64)
    before_deletion[deleted] = deleted_at

    customer = np.concatenate([np.arange(count), changed, today, deleted])
    valid_from = np.concatenate([created, at, end - random.integers(DAY // 24, DAY // 2, 3), deleted_at])
    change = np.repeat([0, MOVE, PHONE, MOVE, DELETION], [count, len(movers), len(phones), 3, len(deleted)])
    kept = (valid_from <= before_deletion[customer]) & ((change == 0) | (valid_from > created[customer]))
    customer, valid_from, change = customer[kept], valid_from[kept], change[kept]
    order = np.lexsort((valid_from, customer))
    return customer[order], valid_from[order], change[order]


def _plain(name: str) -> str:
    """A name as it stands in an e-mail address: small ASCII letters."""
    folded = name.lower().translate(str.maketrans("ëéèïøüöñúíáâ", "eeeiouonuiaa"))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalpha())
