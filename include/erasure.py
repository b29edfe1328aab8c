"""Erase a customer: no name, address or phone of theirs is left, every row and every amount stays.

First the customer is put on the list of audit.erasures, by which extracts empty what comes from then on. Then what
stands in Data Docs, in the lake and in the warehouse is emptied, and looked for once more: only when nothing is found,
the certificate is given. Each step finds what is left to do, so that all of it can be run again from anywhere.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from include import clients, config, data_docs
from include.contracts import Column, contract, tables
from include.erasures import (
    EMAIL_HASH,
    EXTRA,
    KEY_LENGTHS,
    ORDER,
    SUBJECT,
    Erased,
    contracts_with_customers,
    personal_columns,
)
from include.lake_erasure import Sweep
from include.publish import Run, take_turn
from include.warehouse import Warehouse

log = logging.getLogger(__name__)

TABLES_A_QUERY = 50
STATEMENT_BYTES = 800_000  # Snowflake takes no statement of more than 1 MB
CONDITION_BYTES = 1_000
ROW_HASH = "_row_hash"
DOCS = "Data Docs removed"
_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")


class ErasureRefused(Exception):
    """The request cannot be followed as it was made; another try would end the same way."""


class PersonalDataLeft(Exception):
    """Something was found after the erasure; no certificate is given."""


@dataclass(frozen=True)
class Person:
    """Somebody to be forgotten: CRM id (of a guest, the keyed hash of the address), hashes of addresses, orders."""

    customer_key: str
    email_hashes: frozenset[str] = frozenset()
    order_ids: frozenset[str] = frozenset()

    @cached_property
    def erased(self) -> Erased:
        return Erased(frozenset([self.customer_key]), self.email_hashes, self.order_ids)

    @property
    def values(self) -> dict[str, str]:
        """What statements are bound with; lists are JSON."""
        listed = {"email_hashes": self.email_hashes, "order_ids": self.order_ids}
        return {"customer_key": self.customer_key, **{name: json.dumps(sorted(ids)) for name, ids in listed.items()}}


@dataclass(frozen=True)
class Place:
    """A table in which rows of customers stand with personal data; names of columns are in lower case."""

    schema: str
    name_in_schema: str
    columns: frozenset[str]

    @property
    def name(self) -> str:
        """The table as people write it."""
        return f"{self.schema}.{self.name_in_schema}".lower()

    @property
    def table(self) -> str:
        """The table as statements name it, whoever made it."""
        parts = (self.schema, self.name_in_schema)
        return ".".join(
            [config.SNOWFLAKE_DATABASE, *(part if _PLAIN.fullmatch(part) else f'"{part}"' for part in parts)]
        )

    @property
    def personal(self) -> list[str]:
        return sorted(self.columns & personal_columns())

    @property
    def theirs(self) -> str:
        """Condition on a person's rows; what it compares with is bound, as Person.values has it."""
        shortest, longest = KEY_LENGTHS
        conditions = {
            SUBJECT: f"{SUBJECT} = %(customer_key)s",
            EMAIL_HASH: f"(coalesce(length(trim({SUBJECT})), 0) not between {shortest} and {longest} "
            f"and contains(%(email_hashes)s, '\"' || {EMAIL_HASH} || '\"'))",
            ORDER: f"contains(%(order_ids)s, '\"' || {ORDER} || '\"')",
        }
        return " or ".join(condition for column, condition in conditions.items() if column in self.columns)

    @property
    def filled(self) -> str:
        """Condition on rows that hold personal data."""
        return " or ".join(f"{column} is not null" for column in self.personal)

    @property
    def contract_columns(self) -> Sequence[Column]:
        """Columns whose content makes the row's hash; of a table that is no contract's, none."""
        name = self.name_in_schema.lower()
        for table in tables():
            if name in (table, f"quarantine_{table}") or name.startswith(f"{table}__"):
                return contract(table).columns
        return ()


def person(warehouse: Warehouse, customer_id: str | None, email_key: str | None) -> Person:
    """Who is meant: a contact of the CRM by its id, or whoever has the address with this keyed hash.

    Raises:
        ErasureRefused: neither or both are given, or the hash is that of several contacts.
    """
    if bool(customer_id) == bool(email_key):
        raise ErasureRefused("give one of the params: customer_id, or email_key for a guest")
    if customer_id:
        return _contact(warehouse, customer_id)
    contacts = [each for (each,) in warehouse.rows("erase/contacts.sql", {"email_key": email_key})]
    if len(contacts) > 1:
        raise ErasureRefused(
            f"{len(contacts)} contacts of the CRM have, or had, this address: {', '.join(contacts)}. "
            "Find out who asks, and trigger again with the customer_id of each who is meant"
        )
    if contacts:
        return _contact(warehouse, contacts[0])
    return _with_orders(warehouse, Person(str(email_key), frozenset([str(email_key)])))


def _contact(warehouse: Warehouse, customer_id: str) -> Person:
    # Not of orders: their hash may be that of whom a gift is for.
    known = [place for place in places(warehouse) if {"email", EMAIL_HASH} <= place.columns]
    hashes = frozenset(each for (each,) in _asked(warehouse, "email_hashes", Person(customer_id), known))
    return _with_orders(warehouse, Person(customer_id, hashes))


def _with_orders(warehouse: Warehouse, who: Person) -> Person:
    """The person with the orders that any table knows, and with what the list has of them from before."""
    listed = [(json.loads(hashes), json.loads(orders)) for *_, hashes, orders in _certificate(warehouse, who)]
    hashes, orders = (frozenset(each for lists in listed for each in lists[n]) for n in (0, 1))
    who = Person(who.customer_key, who.email_hashes | hashes, orders)
    known = [place for place in places(warehouse) if {SUBJECT, ORDER} <= place.columns]
    return replace(who, order_ids=orders | {each for (each,) in _asked(warehouse, "order_ids", who, known)})


def places(warehouse: Warehouse) -> list[Place]:
    """Every table with rows of customers and a column of personal data: published, quarantined, landed, or a copy."""
    columns: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in warehouse.rows("erase/columns.sql"):
        columns.setdefault((schema, table), set()).add(column)
    found = [Place(schema, table, frozenset(names)) for (schema, table), names in columns.items()]
    return [place for place in found if {SUBJECT, ORDER} & place.columns and place.personal]


def count_rows(warehouse: Warehouse, who: Person) -> tuple[int, Counter[str]]:
    """How many rows of all tables are the person's, and by table how many of them hold personal data."""
    theirs, personal = 0, Counter[str]()
    for place, their_rows, personal_rows in _asked(warehouse, "count_rows", who, places(warehouse)):
        theirs += their_rows
        personal[place] += personal_rows
    return theirs, +personal


def locate(warehouse: Warehouse, who: Person) -> tuple[bool, Counter[str]]:
    """Whether anything at all is known of a person, and how much personal data stands where. Changes nothing."""
    theirs, found = count_rows(warehouse, who)
    found += sweep_lake(who, datetime.now(UTC))
    if shown := data_docs.pages_with(_values(warehouse, who)):
        found[DOCS] = len(shown)
    return bool(theirs or found or _certificate(warehouse, who)), found


def request(warehouse: Warehouse, who: Person, run: Run) -> None:
    """Put a person on the list: what is extracted from now on comes without their personal data."""
    values: dict[str, Any] = {**who.values, **_run(run), "requested_at": _now()}
    warehouse.run("erase/request.sql", values)


def erase_files(warehouse: Warehouse, who: Person, run: Run) -> Counter[str]:
    """Remove Data Docs that show the person, while the warehouse still knows what to look for; then empty the lake."""
    done: Counter[str] = Counter()
    shown = data_docs.pages_with(_values(warehouse, who))
    if shown:
        data_docs.remove(shown)
        done[DOCS] = len(shown)
        _count(warehouse, who, run, done)
    requested_at, _, _ = _certified(warehouse, who)
    return done + sweep_lake(
        who,
        requested_at.replace(tzinfo=UTC),
        dry_run=False,
        counted=lambda place, number: _count(warehouse, who, run, Counter({place: number})),
    )


def sweep_lake(who: Person, before: datetime, **how: Any) -> Counter[str]:
    """Search, or erase, the batches of all tables that name customers; `how` is as in lake_erasure.Sweep."""
    sweep = Sweep(clients.lake_client(), config.LAKE_BUCKET, who.erased, before, **how)
    found: Counter[str] = Counter()
    for agreed in contracts_with_customers():
        found += sweep.run(agreed)
    return found


def erase_tables(warehouse: Warehouse, who: Person, run: Run) -> Counter[str]:
    """Empty the person's rows in every table, in one transaction, which also counts them on the certificate."""
    _, found = count_rows(warehouse, who)
    due = [place for place in places(warehouse) if found[place.name]]
    done: Counter[str] = Counter()
    if not due:
        return done
    with warehouse.transaction():
        for agreed in contracts_with_customers():
            take_turn(warehouse, agreed, run.dag_id)
        for place in due:
            done[place.name] += _empty(warehouse, place, who)
        _count(warehouse, who, run, done)
    return done


def certify(warehouse: Warehouse, who: Person) -> dict[str, int]:
    """Look everywhere once more and give the certificate; returns what it counts, by place.

    Raises:
        PersonalDataLeft: something was found.
    """
    _, left = locate(warehouse, who)
    if left:
        raise PersonalDataLeft(
            f"of customer {who.customer_key} there is still {told(left)}. Something wrote it meanwhile, or put back an "
            "old copy: see that no load is under way, then clear erase_files and what follows"
        )
    warehouse.run("erase/certify.sql", {"customer_key": who.customer_key, "erased_at": _now()})
    return _certified(warehouse, who)[2]


def told(found: Counter[str] | dict[str, int]) -> str:
    """Counts by place, for people."""
    return ", ".join(f"{number:,} in {place}" for place, number in sorted(found.items())) or "nothing"


def _empty(warehouse: Warehouse, place: Place, who: Person) -> int:
    *others, last = place.personal
    names: dict[str, Any] = {
        "table": place.table,
        "others": others,
        "column": last,
        "columns": place.contract_columns,
        "is_hashed": ROW_HASH in place.columns,
        "theirs": place.theirs,
        "filled": place.filled,
    }
    return warehouse.run("erase/empty_rows.sql", who.values, **names).rowcount or 0


def _values(warehouse: Warehouse, who: Person) -> set[str]:
    """What the warehouse knows of a person in clear, to look for it in files: never logged, never in a statement."""
    columns = [
        {"table": place.table, "theirs": place.theirs, "column": column}
        for place in places(warehouse)
        for column in place.personal
        if column != EXTRA
    ]
    return {str(value) for (value,) in _asked(warehouse, "personal_values", who, columns)}


def _asked(warehouse: Warehouse, file: str, who: Person, asked: Sequence[Any]) -> Iterator[tuple]:
    """Rows of a query of include/sql/erase over many tables, or columns of them, some at a time."""
    bytes_each = CONDITION_BYTES + 2 * sum(map(len, who.values.values()))  # a wholesale customer has many orders
    some = max(1, min(TABLES_A_QUERY, STATEMENT_BYTES // bytes_each))
    for first in range(0, len(asked), some):
        yield from warehouse.rows(f"erase/{file}.sql", who.values, places=asked[first : first + some])


def _certificate(warehouse: Warehouse, who: Person) -> list[tuple]:
    return warehouse.rows("erase/certificate.sql", {"customer_key": who.customer_key})


def _certified(warehouse: Warehouse, who: Person) -> tuple[datetime, datetime | None, dict[str, int]]:
    """When the erasure was requested and finished (naive UTC), and what was erased so far, by place."""
    rows = _certificate(warehouse, who)
    if not rows:
        raise ErasureRefused(f"customer {who.customer_key} is not on the list: clear find_customer")
    [(requested_at, erased_at, counts, *_)] = rows
    return requested_at, erased_at, json.loads(counts) if counts else {}


def _count(warehouse: Warehouse, who: Person, run: Run, done: Counter[str]) -> None:
    """Add to what the certificate counts. Only one run erases at a time."""
    *_, counts = _certified(warehouse, who)
    total = Counter(counts) + done
    values = {"customer_key": who.customer_key, "counts": json.dumps(total, sort_keys=True), **_run(run)}
    warehouse.run("erase/record_counts.sql", values)


def _run(run: Run) -> dict[str, str]:
    return {"dag_id": run.dag_id, "run_id": run.run_id, "code_version": run.code_version}


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
