"""Random histories of small shops, as the batches in which they might arrive: late, again, in any order, corrected,
deleted.

A shop has its own months, customers, products and visitors, so that what goes wrong in one shows in its own rows. Its
number, the seed, stands in every key.
"""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.pipeline.rows import customer, order, order_item, product, refund, web_event

FIRST_MONTH = date(2024, 1, 1)
DAYS = 40
KEYS = {"orders": "order_id", "order_items": "order_item_id", "refunds": "refund_id"}
EVENTS = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")

Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Arrival:
    """What comes next of a shop: rows of each table, and the days whose web analytics export comes, empty ones too.

    After that, the keys in `gone` are found to be no longer there.
    """

    rows: Rows = field(default_factory=lambda: defaultdict(list))
    exported: dict[date, datetime] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Shop:
    """One history: `next_arrival` tells what comes next."""

    seed: int
    chance: random.Random = field(init=False)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    delivered: Rows = field(default_factory=lambda: defaultdict(list))
    exports: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    clock: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        month = self.seed % 28
        self.first_day = date(FIRST_MONTH.year + month // 12, month % 12 + 1, 1)

    def key(self, kind: str, number: int) -> str:
        return f"s{self.seed:03d}-{kind}{number}"

    def email_hash(self) -> str:
        """The hash of one of four addresses, the seed in front."""
        return f"{self.seed:03d}{self.chance.randrange(4)}".ljust(64, "e")

    def moment(self) -> datetime:
        """Any moment of the shop's days; two may be the same."""
        day = self.first_day + timedelta(days=self.chance.randrange(DAYS))
        return datetime.combine(day, time()) + timedelta(minutes=15 * self.chance.randrange(96))

    def tick(self) -> datetime:
        """When a row changed: later than all before, but for one in five, which comes too late."""
        self.clock += 1
        late = self.chance.randrange(20) if self.chance.random() < 0.2 else 0
        return datetime(2026, 1, 1) + timedelta(minutes=self.clock - late)

    def next_arrival(self) -> Arrival:
        made = Arrival()
        if self.chance.random() < 0.35:  # nothing came of this shop
            return made
        steps = (self.new_order, self.new_order, self.change_order, self.refund_order, self.describe_customer)
        steps += (self.describe_product, self.export_day, self.export_day, self.move_line)
        steps += (self.delete, self.delete)
        for _ in range(self.chance.randint(1, 6)):
            self.chance.choice(steps)(made)
        for table, rows in self.delivered.items():
            if table != "web_events" and rows and self.chance.random() < 0.3:
                made.rows[table].append(self.chance.choice(rows))  # an overlap brings a row again, maybe an old one
        for table, rows in made.rows.items():
            self.delivered[table] += rows
        return made

    def buyer(self) -> dict[str, Any]:
        """A customer, a guest with one of few addresses, or nobody known."""
        kind = self.chance.randrange(4)
        return {
            "customer_id": self.key("C", self.chance.randrange(4)) if kind < 2 else None,
            "email_hash": self.email_hash() if kind == 2 else None,
        }

    def new_order(self, made: Arrival) -> None:
        number = len(self.orders)
        moment = self.moment()
        new = order(
            self.key("O", number),
            **self.buyer(),
            status=self.chance.choice(["paid", "completed", "completed", "cancelled", "test"]),
            ordered_at=moment,
            updated_at=self.tick(),
        )
        self.orders[new["order_id"]] = new
        parts: list[tuple[str, dict[str, Any]]] = [("orders", new)]
        for line in range(self.chance.randint(0, 3)):
            parts.append(("order_items", self.line(new, line)))
        for table, row in parts:
            if self.chance.random() < 0.85:  # the others come with a later batch, or never
                made.rows[table].append(row)
            else:
                self.delivered[table].append(row)

    def line(self, of: dict[str, Any], number: int) -> dict[str, Any]:
        quantity, price = self.chance.randint(1, 5), Decimal(self.chance.randint(0, 999)) / 100
        return order_item(
            f"{of['order_id']}-{number}",
            order_id=of["order_id"],
            product_id=self.key("P", self.chance.randrange(5)),
            quantity=quantity,
            unit_price=price,
            line_amount=quantity * price,
            discount_amount=Decimal(self.chance.choice([0, 0, 25])) / 100,
            ordered_at=of["ordered_at"],
            updated_at=self.tick(),
        )

    def change_order(self, made: Arrival) -> None:
        """Another state, buyer or moment of an order, or another product, price and quantity of a line."""
        if not self.orders:
            return
        old = self.chance.choice(list(self.orders.values()))
        if self.chance.random() < 0.5:
            made.rows["order_items"].append(self.line(old, self.chance.randrange(3)))
            return
        changed = old | {"updated_at": self.tick(), "status": self.chance.choice(["completed", "cancelled", "shipped"])}
        if self.chance.random() < 0.3:
            changed |= self.buyer()
        if self.chance.random() < 0.2:
            changed["ordered_at"] = self.moment()
        self.orders[old["order_id"]] = changed
        made.rows["orders"].append(changed)

    def move_line(self, made: Arrival) -> None:
        """A line that is in another order now, of those that are known or of one that never comes."""
        if not self.delivered["order_items"]:
            return
        line = self.chance.choice(self.delivered["order_items"])
        to = self.key("O", self.chance.randrange(len(self.orders) + 1))
        made.rows["order_items"].append(line | {"order_id": to, "updated_at": self.tick()})

    def delete(self, made: Arrival) -> None:
        """An order is gone with its lines, or alone, or a line is, or a refund. What is loaded again comes back."""
        table = self.chance.choice(["orders", "orders", "order_items", "refunds"])
        if not self.delivered[table]:
            return
        row = self.chance.choice(self.delivered[table])
        made.gone[table].append(row[KEYS[table]])
        if table == "orders" and self.chance.random() < 0.8:
            lines = [line for line in self.delivered["order_items"] if line["order_id"] == row["order_id"]]
            made.gone["order_items"] += [line["order_item_id"] for line in lines]

    def refund_order(self, made: Arrival) -> None:
        number = self.chance.randrange(6)
        of = self.key("O", self.chance.randrange(len(self.orders) + 2)) if self.chance.random() < 0.8 else None
        made.rows["refunds"].append(
            refund(
                self.key("R", number),
                order_id=of,
                customer_id=self.chance.choice([None, self.key("C", self.chance.randrange(5))]),
                product_id=self.chance.choice([None, self.key("P", self.chance.randrange(6))]),
                amount=Decimal(self.chance.randint(1, 999)) / 100,
                refunded_at=self.moment(),
                updated_at=self.tick(),
            )
        )

    def describe_customer(self, made: Arrival) -> None:
        """A version of a customer; an address may pass from one to another, which moves its orders."""
        made.rows["customers"].append(
            customer(
                self.key("C", self.chance.randrange(4)),
                email_hash=self.chance.choice([None, self.email_hash()]),
                city=self.chance.choice(["York", "Leeds"]),
                is_deleted=self.chance.random() < 0.1,
                updated_at=self.tick(),
            )
        )

    def describe_product(self, made: Arrival) -> None:
        made.rows["products"].append(
            product(
                self.key("P", self.chance.randrange(5)),
                name=self.chance.choice(["Tin", "Box"]),
                category=self.chance.choice(["Kitchen", "Garden"]),
                is_merchandise=self.chance.random() < 0.8,
                updated_at=self.tick(),
            )
        )

    def export_day(self, made: Arrival) -> None:
        """A day's export, or a later one of the day: with other events, fewer of them, or none."""
        day = self.first_day + timedelta(days=self.chance.randrange(6))
        if day in made.exported:
            return
        self.exports[day] += 1
        exported_at = made.exported[day] = datetime(2026, 7, 1) + timedelta(hours=self.exports[day])
        events = random.Random(f"{self.seed} {day}")  # the day's events are drawn once; an export leaves out some
        for number in range(events.randint(1, 14)):
            visitor, minute = events.randrange(3), 5 * events.randrange(12 * 26)  # some past midnight
            drawn = web_event(
                self.key("E", day.day * 100 + number),
                event_day=day,
                event_at=datetime.combine(day, time()) + timedelta(minutes=minute),
                event_name=events.choice(EVENTS),
                event_sequence=events.randrange(3),
                user_pseudo_id=self.key("U", visitor),
                user_id=events.choice([None, None, self.key("C", events.randrange(5))]),
                session_id=events.choice([None, None, events.randrange(4)]),
                items=json.dumps([{"item_id": self.key("P", events.randrange(5)), "price": "1.50", "quantity": 1}]),
                purchase_revenue=Decimal("1.5000"),
                experiment_id=events.choice([None, "exp"]),
                experiment_variant=events.choice(["a", "b"]),
                exported_at=exported_at,
            )
            if self.chance.random() < 0.7:
                made.rows["web_events"].append(drawn)
