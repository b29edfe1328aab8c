"""Contracts hold what they promise, and a source that drifts is told by column, expected and found."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from include import contracts
from include.config import EXPECTATIONS_DIR
from include.contracts import ContractError, all_contracts, contract, tables, tables_of
from include.contracts.conform import SchemaDrift, arrow_schema, conform
from include.expectations import suite
from include.rejects import broken_condition

TABLES = {"orders", "order_items", "refunds", "products", "customers", "web_events"}


def refund(**changes):
    row = {
        "refund_id": "R1",
        "order_id": None,
        "customer_id": "C1",
        "product_id": None,
        "quantity": 1,
        "amount": Decimal("3.3330"),
        "reason": None,
        "refunded_at": datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        "updated_at": datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    }
    return pa.RecordBatch.from_pylist([row | changes])


def test_every_table_has_a_contract_and_a_suite_that_guards_its_key_and_version():
    assert {agreed.table for agreed in all_contracts()} >= TABLES
    assert {file.stem for file in EXPECTATIONS_DIR.glob("*.yml")} == set(tables())
    for agreed in all_contracts():
        guarded = {
            rule.column
            for rule in suite(agreed.table).rules
            if rule.severity == "critical" and rule.type == "expect_column_values_to_not_be_null"
        }
        assert {agreed.key[0], agreed.version} <= guarded, agreed.table


def test_every_table_has_a_rule_that_quarantines_and_its_rows_can_be_found():
    for table in tables():
        rules = [rule for rule in suite(table).rules if rule.quarantine]
        assert rules, table
        assert all(broken_condition(rule, "raw.batch") for rule in rules)


def test_personal_data_is_kept_in_schema_pii_alone():
    for agreed in all_contracts():
        personal = [column.name for column in agreed.columns if column.pii]
        if agreed.schema == "pii":
            assert personal
            assert agreed.landing("b").startswith("pii.")
            assert agreed.quarantine.startswith("pii.")
        else:
            assert not personal, agreed.table


def test_a_source_has_the_tables_whose_contracts_name_it():
    assert set(tables_of("orders")) >= {"orders", "order_items", "refunds"}
    assert tables_of("crm") == ["customers"]


def test_a_table_that_is_held_against_its_source_by_day_names_the_day(monkeypatch, tmp_path):
    written = (contracts.CONTRACTS_DIR / "refunds.yml").read_text()
    (tmp_path / "payouts.yml").write_text(written.replace("day: refunded_at\n", ""))
    monkeypatch.setattr(contracts, "CONTRACTS_DIR", tmp_path)
    with pytest.raises(ContractError, match=r"payouts.yml: keep: newest needs a day"):
        contract("payouts")


def test_an_unknown_table_is_named():
    with pytest.raises(ContractError, match="no contract for table 'baskets'"):
        contract("baskets")


def test_conformed_batches_have_the_contracts_types_naive_utc_and_numbered_rows():
    first, second = conform([refund(), refund(refund_id="R2")], contract("refunds"))
    assert first.schema == arrow_schema(contract("refunds"))
    assert first.column("refunded_at")[0].as_py() == datetime(2026, 3, 29, 0, 30)
    assert [first.column("_row_number")[0].as_py(), second.column("_row_number")[0].as_py()] == [1, 2]


def test_a_new_column_is_kept_in_extra():
    [batch] = conform([refund().append_column("channel", pa.array(["web"]))], contract("refunds"))
    assert batch.column("_extra").to_pylist() == ['{"channel": "web"}']


def test_a_missing_column_stops_the_batch():
    with pytest.raises(SchemaDrift, match=r"refunds: column amount is missing; expected decimal128\(18, 4\)"):
        list(conform([refund().drop_columns(["amount"])], contract("refunds")))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("amount", pa.array([3.333])),
        ("amount", pa.array(["three"])),
        ("quantity", pa.array(["one"])),
        ("refund_id", pa.array([1])),
        ("refunded_at", pa.array(["yesterday"])),
    ],
)
def test_a_retyped_column_stops_the_batch(column, values):
    batch = refund()
    retyped = batch.set_column(batch.schema.get_field_index(column), column, values)
    with pytest.raises(SchemaDrift, match=f"refunds: column {column} was retyped; expected .* found {values.type}"):
        list(conform([retyped], contract("refunds")))


def test_money_finer_than_four_decimals_is_refused_not_rounded():
    batch = refund()
    finer = pa.array([Decimal("3.33333")])
    with pytest.raises(SchemaDrift, match="amount"):
        list(conform([batch.set_column(batch.schema.get_field_index("amount"), "amount", finer)], contract("refunds")))
