"""For each rule of each gate the rows that break it, by the rule's name, as changes to a right row.

test_gate.py fails when a rule of a suite has no example here, or an example no rule.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from include.contracts import contract
from include.expectations import NOT_NULL, promised, suite
from tests.pipeline.rows import MORNING, customer, order, order_item, product

Examples = dict[str, dict[str, list[dict[str, Any]]]]

FUTURE = MORNING + timedelta(days=2)
BEFORE_1990 = datetime(1970, 1, 1)
NO_KEY = "the key of the table; without it a row cannot be merged"
NO_VERSION = "the version column; without it the newest row cannot be told"
NO_HASH = "a keyed hash is 64 hexadecimal digits; anything else may be an address in clear"
LATE_VERSION = "a version from the future would win over every later correction"
LATE_CURRENT_VERSION = "a version from the future would be the current one for ever"

# What the other tables hold while a table's rules are tried.
PARENTS = {
    "products": [product("P1")],
    "customers": [customer("C1")],
    "orders": [order("O1")],
    "order_items": [order_item("I1", order_id="O1", line_amount=Decimal("12.345")),
                    order_item("I2", order_id="of another total", line_amount=Decimal("12.36"))],
}  # fmt: skip

CRITICAL: Examples = {
    "orders": {
        NO_KEY: [{"order_id": None}],
        NO_VERSION: [{"updated_at": None}],
        "an unknown status would be counted, or not, by accident": [{"status": "lost"}],
        NO_HASH: [{"email_hash": "ada@example.com"}],
    },
    "order_items": {
        NO_KEY: [{"order_item_id": None}],
        NO_VERSION: [{"updated_at": None}],
        "a line belongs to an order": [{"order_id": None}],
    },
    "refunds": {NO_KEY: [{"refund_id": None}], NO_VERSION: [{"updated_at": None}]},
    "products": {NO_KEY: [{"product_id": None}], NO_VERSION: [{"updated_at": None}]},
    "customers": {
        NO_KEY: [{"customer_id": None}],
        NO_VERSION: [{"updated_at": None}],
        NO_HASH: [{"email_hash": "A1" * 32}],
    },
    "web_events": {
        NO_KEY: [{"event_id": None}],
        NO_VERSION: [{"exported_at": None}],
        "an event without a time fits into no session": [{"event_at": None}],
    },
}

QUARANTINED: Examples = {
    "orders": {
        "an order number has 1 to 100 characters": [{"order_id": ""}, {"order_id": "O" * 101}],
        "an order without a time belongs to no day": [{"ordered_at": None}],
        "an order of a day that is not over yet, or of before 1990, has a wrong clock": [
            {"ordered_at": FUTURE}, {"ordered_at": BEFORE_1990}
        ],
        LATE_VERSION: [{"updated_at": FUTURE}],
        "money back is a refund, not an order": [{"total_amount": Decimal("-0.0001")}],
        "a currency is three letters of ISO 4217": [{"currency": "pounds"}, {"currency": "gbp"}, {"currency": "£££"}],
    },
    "order_items": {
        "a line id has 1 to 100 characters": [{"order_item_id": ""}],
        "a line sells a product": [{"product_id": None}],
        "bad-debt corrections are no sales": [
            {"unit_price": Decimal("-11062.06"), "quantity": 1, "line_amount": Decimal("-11062.06")}
        ],
        "returns and write-offs are no sales": [
            {"quantity": 0, "line_amount": Decimal(0)},
            {"quantity": 100001, "line_amount": Decimal("333303.333")},
        ],
        "a surcharge is not a discount": [{"discount_amount": Decimal("-1")}],
        "a line of a day that is not over yet, or of before 1990, has a wrong clock": [
            {"ordered_at": FUTURE}, {"ordered_at": BEFORE_1990}
        ],
        LATE_VERSION: [{"updated_at": FUTURE}],
    },
    "refunds": {
        "a refund id has 1 to 100 characters": [{"refund_id": ""}],
        "a refund without a time belongs to no day": [{"refunded_at": None}],
        "a refund of a day that is not over yet, or of before 1990, has a wrong clock": [
            {"refunded_at": FUTURE}, {"refunded_at": BEFORE_1990}
        ],
        LATE_VERSION: [{"updated_at": FUTURE}],
        "a refund pays money back": [{"amount": Decimal(0)}, {"amount": Decimal("-5")}],
    },
    "products": {
        "a product id has 1 to 100 characters": [{"product_id": ""}],
        LATE_CURRENT_VERSION: [{"updated_at": FUTURE}],
        "no product costs less than nothing": [{"list_price": Decimal("-1")}],
    },
    "customers": {
        "a customer id has 1 to 100 characters": [{"customer_id": ""}],
        LATE_CURRENT_VERSION: [{"updated_at": FUTURE}],
        "an e-mail address without an @ reaches nobody and joins no guest order": [{"email": "ada.example.com"}],
    },
    "web_events": {
        "an event without a visitor fits into no session": [{"user_pseudo_id": None}],
        "money back is a refund, not a purchase": [{"purchase_revenue": Decimal("-1")}],
        "an event more than a day away from its export table has a wrong clock": [
            {"event_at": MORNING - timedelta(days=9)}, {"event_at": MORNING + timedelta(days=9)}
        ],
    },
}  # fmt: skip

TOLD: Examples = {
    "orders": {
        "the source sends columns that the contract does not know": [{"_extra": '{"gift": true}'}],
        "one version of an order comes with one content": [
            {"order_id": "twice", "channel": "web"}, {"order_id": "twice", "channel": None}
        ],
        "an order of more than a million looks like a lost decimal point": [{"total_amount": Decimal(1000001)}],
        "a country is a code or a name": [{"country": "?"}],
        "an order changes after it was placed": [{"ordered_at": MORNING + timedelta(hours=1)}],
        "an order's total is that of its lines, less discounts, to the cent": [{"order_id": "of another total"}],
        "the buyer of an order is a customer of the CRM": [{"customer_id": "nobody"}],
    },
    "order_items": {
        "the source sends columns that the contract does not know": [{"_extra": '{"gift": true}'}],
        "one version of a line comes with one content": [
            {"order_item_id": "twice"}, {"order_item_id": "twice", "discount_amount": Decimal(1)}
        ],
        "a unit price of more than a hundred thousand looks like a lost decimal point": [
            {"unit_price": Decimal(100001), "quantity": 1, "line_amount": Decimal(100001)}
        ],
        "a line amount that quantity and price do not explain, to a cent a unit": [{"line_amount": Decimal("6.6861")}],
        "a discount is not more than the line it is granted on": [{"discount_amount": Decimal("6.6661")}],
        "the order of a line stands in the order database: extracting a line looks up its order's time": [
            {"ordered_at": None}
        ],
        "what a line sells is a product of the catalog": [{"product_id": "nothing"}],
        "the order of a line is published, or landed in the same run": [{"order_id": "nowhere"}],
    },
    "refunds": {
        "the source sends columns that the contract does not know": [{"_extra": '{"gift": true}'}],
        "one version of a refund comes with one content": [
            {"refund_id": "twice"}, {"refund_id": "twice", "reason": "broken"}
        ],
        "a refund of more than a million looks like a lost decimal point": [{"amount": Decimal(1000001)}],
        "units that come back are counted from 1": [{"quantity": 0}],
        "a refund changes after it was paid": [{"refunded_at": MORNING + timedelta(hours=1)}],
        "the order of a refund is published, or landed in the same run": [{"order_id": "nowhere"}],
    },
    "products": {
        "the source sends columns that the contract does not know": [{"_extra": '{"gift": true}'}],
        "one version of a product comes with one content": [
            {"product_id": "twice"}, {"product_id": "twice", "brand": "Tin & Co"}
        ],
        "a list price of more than a hundred thousand looks like a lost decimal point": [
            {"list_price": Decimal(100001)}
        ],
        "a product has a name": [{"name": None}],
        "a product changes after it was created": [{"created_at": MORNING + timedelta(hours=1)}],
    },
    "customers": {
        "the source sends columns that the contract does not know": [{"_extra": '{"gift": true}'}],
        "one version of a customer comes with one content": [
            {"customer_id": "twice"}, {"customer_id": "twice", "city": "Leeds"}
        ],
        "a country is a code or a name": [{"country": "?"}],
        "an e-mail address has its hash, and a hash its address": [{"email_hash": None}, {"email": None}],
        "a contact changes after it was created": [{"created_at": MORNING + timedelta(hours=1)}],
    },
    "web_events": {
        "the source sends columns that the contract does not know": [{"_extra": '{"gift": true}'}],
        "an event id is a hash of 32 hexadecimal digits, numbered where it is repeated": [
            {"event_id": "E1"}, {"event_id": "0" * 32 + "-"}
        ],
        "one event of an export comes with one content": [
            {"event_id": "a" * 32}, {"event_id": "a" * 32, "country": "FR"}
        ],
        "Google Analytics names events with 1 to 40 characters": [{"event_name": ""}, {"event_name": "e" * 41}],
        "a kind of device that Google Analytics did not name before": [{"device_category": "watch"}],
        "a visitor's sessions are counted from 1": [{"session_number": 0}],
        "an experiment comes with its variant": [{"experiment_id": "exp"}, {"experiment_variant": "a"}],
        "a purchase of the web analytics is an order of the shop": [
            {"event_name": "purchase", "transaction_id": "nowhere"}
        ],
    },
}  # fmt: skip

# Rules on a batch as a whole: tests of their own break them.
_COLUMNS = "the landing table has the contract's columns"
_VOLUME = "as many rows as on the same weekday of the last four weeks, give or take a factor of ten"
_NEWEST_CHANGE = "the newest change is one of the window, not an older one"
_NEWEST_VERSION = "the newest version is one of the window, not an older one"
BATCHES = {
    "orders": (_COLUMNS, _VOLUME, _NEWEST_CHANGE),
    "order_items": (_COLUMNS, _VOLUME, _NEWEST_CHANGE),
    "refunds": (_COLUMNS, _VOLUME, _NEWEST_CHANGE),
    "products": (_COLUMNS, _VOLUME, _NEWEST_VERSION),
    "customers": (_COLUMNS, _VOLUME, _NEWEST_VERSION),
    "web_events": (
        _COLUMNS,
        _VOLUME,
        "the window's own days have events, not only the days that were exported again",
    ),
}

# What a contract promises and no suite guards is a rule, too; its example is a row without it.
for _table in QUARANTINED:
    _written = suite(_table).rules
    for _rule in promised(contract(_table), suite(_table)).rules[len(_written) :]:
        assert _rule.type == NOT_NULL
        QUARANTINED[_table][_rule.name] = [{_rule.column: None}]


def days_of(table, day_of):
    return [day_of(1, 6)] if table == "web_events" else []


def key(table: str, name: str) -> str:
    """A key as the table's source makes it."""
    return f"{int.from_bytes(name.encode()):032x}" if table == "web_events" else name


def usual_weeks(pipeline, table: str, rows: int, weeks: int = 4) -> None:
    """Earlier loads of the table, of so many rows on each Monday before."""
    for week in range(1, weeks + 1):
        day = date(2026, 6, 1) - timedelta(weeks=week)
        pipeline.load(table, [], day=day)
        pipeline.warehouse.execute(
            "update audit.loads set landed_rows = %(rows)s where table_name = %(table)s and window_start < %(monday)s",
            {"rows": rows, "table": table, "monday": day + timedelta(days=1)},
        )
