"""A suite is told what depends on the batch, shows nothing personal, and knows how many rows are usual."""

import pytest

from include import expectations
from include.contracts import all_contracts
from include.expectations import Rule, Suite, SuiteError, suite
from include.gate_parameters import bounds
from include.rejects import broken_condition
from local.benchmarks import gate as benchmark

QUERY = "unexpected_rows_expectation"


def made(*rules: Rule) -> Suite:
    limits = suite("orders")
    return Suite("orders", rules, limits.row_limit, limits.money_limit, limits.tolerated_rows)


def test_parameters_of_columns_and_queries_are_filled_in_and_the_batch_is_left_to_great_expectations():
    between = Rule("expect_column_values_to_be_between", {"column": "a", "max_value": {"$PARAMETER": "most"}}, "info")
    query = Rule(QUERY, {"unexpected_rows_query": "select 1 from {batch}, {orders} where a < {most}"}, "info")
    asked = made(between, query)
    assert asked.parameters == {"most", "orders"}
    told, left_out = asked.told({"most": 7, "orders": "staging.orders"})
    assert left_out == []
    assert told.rules[0].kwargs == {"column": "a", "max_value": 7}
    assert told.rules[1].query == "select 1 from {batch}, staging.orders where a < 7"


def test_a_rule_with_an_unknown_parameter_is_left_out():
    unknown = Rule("expect_table_row_count_to_be_between", {"min_value": {"$PARAMETER": "min_rows"}}, "warning")
    known = Rule("expect_column_values_to_not_be_null", {"column": "a"}, "critical")
    told, left_out = made(unknown, known).told({"columns": []})
    assert (list(told.rules), left_out) == ([known], [unknown])


def test_no_rule_shows_the_values_of_personal_columns_in_data_docs():
    """A hash of an address counts as personal: where its rule fails, it may be the address itself."""

    def columns_of(rule: Rule) -> set[str]:
        named = (rule.kwargs.get(name, []) for name in ("column", "column_A", "column_B", "column_list"))
        return {column for value in named for column in ([value] if isinstance(value, str) else value)}

    personal = {
        (agreed.table, column.name)
        for agreed in all_contracts()
        for column in agreed.columns
        if column.pii or column.name.endswith("_hash")
    }
    assert {("customers", "email"), ("customers", "email_hash"), ("orders", "email_hash")} <= personal
    shown = {
        (agreed.table, column)
        for agreed in all_contracts()
        for rule in suite(agreed.table).rules
        for column in columns_of(rule)
        if not rule.type.endswith("_null")
    }
    assert shown & personal == set()


def test_a_limit_that_nothing_reads_is_an_error_that_names_it(tmp_path, monkeypatch):
    text = (expectations.EXPECTATIONS_DIR / "orders.yml").read_text()
    (tmp_path / "orders.yml").write_text(f"{text}  row_limit: 10%\n")
    monkeypatch.setattr(expectations, "EXPECTATIONS_DIR", tmp_path)
    with pytest.raises(SuiteError, match=r"^orders\.yml: limits: unknown row_limit; known are quarantined_rows, "):
        suite("orders")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([100, 200, 300], {"min_rows": 20, "max_rows": 2000}),
        ([100, 200, 300, 1000], {"min_rows": 25, "max_rows": 2500}),
        ([10, 11, 10], {"min_rows": 1, "max_rows": 100}),
        ([0, 200, 300, 400], {"min_rows": 0, "max_rows": 2500}),  # a day without rows is nothing new
        ([100, 200], {}),
        ([9, 9, 9, 9], {}),
        ([], {}),
    ],
)
def test_usual_is_within_a_factor_of_ten_of_the_median_of_three_days_or_more(counts, expected):
    assert bounds(counts) == expected


def test_literals_of_a_condition_survive_snowflakes_escapes():
    rule = Rule("expect_column_values_to_match_regex", {"column": "a", "regex": r"^\d'$"}, "warning", "bad")
    assert broken_condition(rule, "raw.b") == r"regexp_count(landed.a, '^\\d''$') = 0"


@pytest.mark.parametrize(("gate", "reached"), [(3.0, True), (3.1, False)])
def test_the_gate_is_measured_against_copy_and_publish_of_its_own_batch(gate, reached):
    def batch(seconds: float) -> dict:
        return {"copy": 1.0, "gate": seconds, "publish": 2.0, "rules": 25, "statements": 21}

    [row] = benchmark.report(1_000_000, [batch(9.0), batch(gate), batch(0.1)], 0)
    assert row.reached is reached
    assert row.figure == f"{gate:.1f} s"
