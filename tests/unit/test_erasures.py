"""Whose rows are an erased customer's, and what is left of them."""

import pyarrow as pa
import pytest

from include.contracts import all_contracts
from include.contracts.conform import arrow_schema
from include.erasures import Erased, contracts_with_customers, personal_columns

HASH, OTHER = "a1" * 32, "b2" * 32
SHE = Erased(frozenset({"C1"}), frozenset({HASH}), frozenset({"O1"}))
CONTACT = {"first_name": "Ada", "last_name": "Example", "email": "ada@example.com", "phone": "1", "_extra": "{}"}


def batch(table: str, *rows: dict) -> pa.RecordBatch:
    [agreed] = [each for each in all_contracts() if each.table == table]
    return pa.RecordBatch.from_pylist(list(rows), schema=arrow_schema(agreed))


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("customers", {"customer_id": "C1", "email_hash": HASH}, True),
        ("customers", {"customer_id": "C1", "email_hash": OTHER}, True),
        ("customers", {"customer_id": "C2", "email_hash": HASH}, False),  # somebody else with the same address
        ("customers", {"customer_id": "C2", "email_hash": OTHER}, False),
        *[("customers", {"customer_id": id_, "email_hash": HASH}, True) for id_ in (None, "", "  ", "C" * 101)],
        ("customers", {"customer_id": "C" * 100, "email_hash": HASH}, False),
        ("customers", {"customer_id": None, "email_hash": OTHER}, False),
        ("customers", {"customer_id": None, "email_hash": None}, False),
        ("orders", {"order_id": "O9", "customer_id": "C1"}, True),
        ("orders", {"order_id": "O9", "customer_id": None, "email_hash": HASH}, True),
        ("orders", {"order_id": "O9", "customer_id": "C2", "email_hash": HASH}, False),
        ("order_items", {"order_item_id": "I1", "order_id": "O1"}, True),
        ("order_items", {"order_item_id": "I1", "order_id": "O2"}, False),
        ("refunds", {"refund_id": "R1", "order_id": "O1", "customer_id": None}, True),
        ("refunds", {"refund_id": "R1", "order_id": "O2", "customer_id": "C1"}, True),
        ("web_events", {"event_id": "E1"}, False),
    ],
)
def test_a_row_is_theirs_by_id_else_by_address_else_by_order(table, row, expected):
    made = batch(table, row | {"_extra": "{}"})
    assert SHE.filled(made).to_pylist() == [expected]
    [kept] = SHE.emptied(made).to_pylist()
    assert kept["_extra"] == (None if expected else "{}")


def test_personal_columns_are_emptied_and_all_others_and_all_other_rows_stay():
    rows = [
        {"customer_id": name, "email_hash": HASH, "city": "York", "is_deleted": False, "_row_number": 1, **CONTACT}
        for name in ("C1", "C2")
    ]
    made = batch("customers", *rows)
    emptied = SHE.emptied(made)
    assert emptied.schema == made.schema
    assert emptied.to_pylist() == [made.to_pylist()[0] | dict.fromkeys(CONTACT), made.to_pylist()[1]]
    assert SHE.filled(emptied).to_pylist() == [False, False]
    assert Erased().emptied(made).equals(made)


def test_every_personal_column_of_a_contract_is_known_and_stands_in_a_table_that_says_whose_it_is():
    assert personal_columns() == {*CONTACT}
    named = {agreed.table for agreed in contracts_with_customers()}
    assert named == {"customers", "orders", "order_items", "refunds"}
    assert {agreed.table for agreed in all_contracts() if any(column.pii for column in agreed.columns)} <= named
