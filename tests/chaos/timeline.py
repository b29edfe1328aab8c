"""The seeded history of a shop's sources: what each of them holds once a day is over."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/London")
FIRST_DAYS = (date(2026, 3, 22), date(2026, 10, 18), date(2026, 6, 8))  # the clocks change, twice; an ordinary month
EVENTS = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")
EXPORTED_AFTER = timedelta(hours=5)
CATEGORIES = (("Kitchen", "Tins"), ("Kitchen", "Jars"), ("Garden", "Pots"), ("Paper", "Cards"))

Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A row of the order database as it stands from a day's end on."""

    table: str
    row: Row


@dataclass(frozen=True)
class Export:
    """A day's web export, written at a moment (UTC) that is its version."""

    day: date
    written_at: datetime
    events: tuple[Row, ...]


@dataclass
class Timeline:
    """All that the sources ever hold. Lists are by the number of the day, after the end of which they hold it.

    `missed` names the days whose rows were committed too late for every daily run, by when they were committed.
    """

    seed: int
    days: list[date]
    changes: dict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))
    exports: dict[int, list[Export]] = field(default_factory=lambda: defaultdict(list))
    products: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    missed: dict[int, list[date]] = field(default_factory=lambda: defaultdict(list))
    happened: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def final_keys(self) -> dict[str, set[str]]:
        """Keys of the order database after the last day."""
        keys: dict[str, set[str]] = {"orders": set(), "order_items": set(), "refunds": set()}
        for changes in self.changes.values():
            for change in changes:
                keys[change.table].add(change.row[KEYS[change.table]])
        return keys


KEYS = {"orders": "order_id", "order_items": "order_item_id", "refunds": "refund_id"}


def midnight(day: date) -> datetime:
    """First moment of a day of the shop, in UTC."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def make(seed: int, days: int) -> Timeline:
    """The history of a seed. Two seeds of three lie around a change of the clocks."""
    first = FIRST_DAYS[seed % len(FIRST_DAYS)]
    return _Maker(seed, [first + timedelta(days=number) for number in range(days)]).make()


class _Maker:
    def __init__(self, seed: int, days: list[date]) -> None:
        self.chance = random.Random(f"timeline {seed}")
        self.made = Timeline(seed, days)
        self.orders: dict[str, Row] = {}
        self.items: dict[str, list[Row]] = {}
        self.settled: set[str] = set()  # orders that change no more: late, bad, or refunded in full
        self.changed_on: dict[str, int] = {}
        self.refunds = 0
        self.drawn: dict[date, list[Row]] = {}

    def make(self) -> Timeline:
        days = self.made.days
        quiet = set(self.chance.sample(range(1, len(days)), max(1, len(days) // 7)) if len(days) > 3 else ())
        busy = self.chance.choice([number for number in range(len(days)) if number not in quiet])
        if days[0] != FIRST_DAYS[2] and len(days) > 7:
            self.made.happened["days of a clock change"] += 1
        for number in range(len(days)):
            factor = 0 if number in quiet else 10 if number == busy else 1
            self.made.happened["empty days"] += factor == 0
            self.made.happened["tenfold days"] += factor == 10
            self.describe(number, factor)
            self.trade(number, factor)
            self.browse(number, factor)
        return self.made

    def moment(self, number: int, last_minutes: int | None = None) -> datetime:
        """A moment of a day, to the microsecond, so that no two are the same."""
        start, end = midnight(self.made.days[number]), midnight(self.made.days[number] + timedelta(days=1))
        if last_minutes:
            start = end - timedelta(minutes=last_minutes)
        seconds = self.chance.random() * ((end - start).total_seconds() - 1)
        return start + timedelta(seconds=int(seconds), microseconds=self.chance.randrange(1_000_000))

    # -- catalog and CRM -----------------------------------------------------------------------------------------

    def describe(self, number: int, factor: int) -> None:
        """New versions of products and customers; on the first day all that there are."""
        products = list(range(12)) if number == 0 else self.chance.sample(range(12), min(12, factor * 2))
        for product in products:
            at = self.moment(number)
            category, subcategory = self.chance.choice(CATEGORIES)
            self.made.products.append(
                {
                    "product_id": f"P{product:02d}",
                    "name": f"{subcategory} {self.chance.randrange(90)}",
                    "category": category,
                    "subcategory": subcategory,
                    "brand": self.chance.choice([None, "Hearth"]),
                    "list_price": Decimal(self.chance.randint(100, 5000)) / 100,
                    "is_merchandise": product != 0,
                    "is_active": self.chance.random() < 0.9,
                    "created_at": midnight(self.made.days[0]),
                    "updated_at": at,
                }
            )
        customers = list(range(16)) if number == 0 else self.chance.sample(range(24), min(24, factor * 3))
        for customer in customers:
            # Salesforce knows milliseconds.
            at = self.moment(number)
            at -= timedelta(microseconds=at.microsecond % 1000)
            self.made.customers.append(
                {
                    "customer_id": f"003{customer:015d}",
                    "first_name": self.chance.choice(["Ada", "Max", "Zoë"]),
                    "last_name": f"Example {customer}",
                    "email": f"c{customer}.{self.chance.randrange(3)}@example.com",
                    "phone": None,
                    "country": "GB",
                    "city": self.chance.choice(["York", "Leeds", "Hull"]),
                    "is_deleted": self.chance.random() < 0.05,
                    "created_at": midnight(self.made.days[0]),
                    "updated_at": at,
                }
            )

    # -- order database ------------------------------------------------------------------------------------------

    def trade(self, number: int, factor: int) -> None:
        for _ in range(factor * self.chance.randint(4, 8)):
            self.place_order(number)
        if not factor:
            return
        recent = [order for order, day in self.changed_on.items() if day == number - 1 and order not in self.settled]
        older = [order for order, day in self.changed_on.items() if day < number - 1 and order not in self.settled]
        for order in self.chance.sample(recent, len(recent) * 2 // 5) + self.chance.sample(older, min(3, len(older))):
            self.change_order(order, number)
        for _ in range(self.chance.randint(0, 3)):
            self.refund(number)
        if number + 1 < len(self.made.days):
            self.commit_late(number)

    def place_order(self, number: int, step: int | None = None, last_minutes: int | None = None) -> Row:
        """An order with its lines, committed at the end of its day or of a later one (`step`)."""
        at = self.moment(number, last_minutes)
        name = f"O{len(self.orders):05d}"
        bad = self.chance.random() < 0.01 and len(self.settled) < 8 and step is None
        kind = self.chance.randrange(4)
        lines = [self.line(f"{name}-{line}", name, at) for line in range(self.chance.randint(1, 3))]
        total = sum((line["line_amount"] - line["discount_amount"] for line in lines), Decimal(0))
        order = {
            "order_id": name,
            "customer_id": f"003{self.chance.randrange(16):015d}" if kind < 2 else None,
            "email": f"c{self.chance.randrange(24)}.{self.chance.randrange(3)}@example.com" if kind == 2 else None,
            "status": self.chance.choice(["pending", "paid", "completed", "completed", "cancelled", "test"]),
            "channel": "web",
            "country": "GB",
            "currency": "GBP",
            "total_amount": -total - 1 if bad else total,
            "ordered_at": at,
            "updated_at": at,
        }
        if bad or step is not None:
            self.settled.add(name)
        self.made.happened["bad rows"] += bad
        self.orders[name], self.items[name], self.changed_on[name] = order, lines, number
        self.commit(number if step is None else step, ("orders", order), *(("order_items", line) for line in lines))
        return order

    def line(self, name: str, order: str, at: datetime) -> Row:
        quantity, price = self.chance.randint(1, 4), Decimal(self.chance.randint(99, 4999)) / 100
        return {
            "order_item_id": name,
            "order_id": order,
            "product_id": f"P{self.chance.randrange(12):02d}",
            "quantity": quantity,
            "unit_price": price,
            "discount_amount": Decimal(self.chance.choice([0, 0, 50])) / 100,
            "line_amount": quantity * price,
            "updated_at": at,
        }

    def change_order(self, name: str, number: int) -> None:
        """Another state of an order; for one in three, another line too, and so another total."""
        at = self.moment(number)
        order = self.orders[name] | {"status": self.chance.choice(["paid", "shipped", "completed"]), "updated_at": at}
        if self.chance.random() < 0.35:
            old = self.chance.choice(self.items[name])
            line = self.line(old["order_item_id"], name, at)
            self.items[name] = [line if each is old else each for each in self.items[name]]
            order["total_amount"] = sum((x["line_amount"] - x["discount_amount"] for x in self.items[name]), Decimal(0))
            self.commit(number, ("order_items", line))
        self.orders[name] = order
        self.changed_on[name] = number
        self.made.happened["updated orders"] += 1
        self.commit(number, ("orders", order))

    def refund(self, number: int) -> None:
        """Money back for an order of any day before, or of this one."""
        order = self.orders[self.chance.choice(list(self.orders))] if self.orders else None
        if order is None or order["ordered_at"] >= midnight(self.made.days[number]):
            return
        at = self.moment(number)
        self.refunds += 1
        self.made.happened["refunds of old orders"] += 1
        row = {
            "refund_id": f"R{self.refunds:04d}",
            "order_id": order["order_id"],
            "customer_id": order["customer_id"],
            "product_id": None,
            "quantity": None,
            "amount": Decimal(self.chance.randint(50, 900)) / 100,
            "reason": self.chance.choice([None, "damaged"]),
            "refunded_at": at,
            "updated_at": at,
        }
        self.commit(number, ("refunds", row))

    def commit_late(self, number: int) -> None:
        """Orders that are committed after the day's run: within the look-back of the next run, or beyond it."""
        if self.chance.random() < 0.5:
            self.place_order(number, step=number + 1, last_minutes=50)
            self.made.happened["late within the look-back"] += 1
        if self.chance.random() < 0.3:
            step = min(number + self.chance.randint(1, 2), len(self.made.days) - 1)
            self.place_order(number, step=step)
            self.made.missed[step].append(self.made.days[number])
            self.made.happened["late beyond the look-back"] += 1

    def commit(self, step: int, *changes: tuple[str, Row]) -> None:
        self.made.changes[step] += [Change(table, row) for table, row in changes]

    # -- web analytics -------------------------------------------------------------------------------------------

    def browse(self, number: int, factor: int) -> None:
        """The day's first export, and perhaps a later one with other events."""
        day = self.made.days[number]
        drawn = sorted(self.visits(number, factor * self.chance.randint(3, 6)), key=lambda event: event["event_at"])
        late = {id(event) for event in drawn if self.chance.random() < 0.1}
        written = midnight(day + timedelta(days=1)) + EXPORTED_AFTER
        self.made.exports[number].append(Export(day, written, tuple(e for e in drawn if id(e) not in late)))
        again = number + self.chance.randint(1, 3)
        if self.chance.random() < 0.5 and again < len(self.made.days):
            gone = {id(event) for event in drawn if self.chance.random() < 0.05}
            kept = tuple(event for event in drawn if id(event) not in gone)
            self.made.exports[again].append(Export(day, written + timedelta(days=again - number), kept))
            self.made.happened["exports written again"] += 1

    def visits(self, number: int, sessions: int) -> Iterator[Row]:
        for session in range(sessions):
            at = self.moment(number)
            visitor = self.chance.randrange(12)
            signed_in = f"003{visitor:015d}" if self.chance.random() < 0.4 else None
            product, price = f"P{self.chance.randrange(12):02d}", Decimal(self.chance.randint(100, 2000)) / 100
            for step in range(self.chance.randint(1, len(EVENTS))):
                name = EVENTS[step]
                moment = at + timedelta(seconds=20 * step)
                if moment >= midnight(self.made.days[number] + timedelta(days=1)):
                    break
                bought = name == "purchase"
                yield {
                    "event_name": name,
                    "event_at": moment,
                    "event_sequence": step + 1,
                    "user_pseudo_id": f"U{visitor:03d}",
                    "user_id": signed_in,
                    "session_id": number * 1000 + session + 1,
                    "session_number": number + 1,
                    "page_location": "https://shop.example/",
                    "items": json.dumps([{"item_id": product, "price": str(price), "quantity": 1}]) if step else None,
                    "transaction_id": self.chance.choice(list(self.orders)) if bought and self.orders else None,
                    "purchase_revenue": price if bought else None,
                    "device_category": "desktop",
                    "country": "United Kingdom",
                    "traffic_source": "google",
                    "traffic_medium": "organic",
                    "experiment_id": "banner" if visitor % 3 == 0 else None,
                    "experiment_variant": ("control", "new")[visitor % 2] if visitor % 3 == 0 else None,
                }
