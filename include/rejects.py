"""Find the rows that break a rule: its expectation as a condition on the landing table."""

from decimal import Decimal
from typing import Any

from include.expectations import Rule, SuiteError


def broken_condition(rule: Rule, landing: str) -> str:
    """SQL condition that holds for exactly the rows that break the rule; a null breaks only a not-null rule.

    Raises:
        SuiteError: rows that break an expectation of this type cannot be told apart.
    """
    kwargs = rule.kwargs
    match rule.type:
        case "expect_column_values_to_not_be_null":
            return f"landed.{kwargs['column']} is null"
        case "expect_column_values_to_be_between":
            return _outside(f"landed.{kwargs['column']}", kwargs)
        case "expect_column_values_to_be_in_set":
            values = ", ".join(_literal(value) for value in kwargs["value_set"])
            return f"landed.{kwargs['column']} not in ({values})"
        case "expect_column_value_lengths_to_be_between":
            return _outside(f"length(landed.{kwargs['column']})", kwargs)
        case "expect_column_pair_values_a_to_be_greater_than_b":  # a null on one side is no answer, so not broken
            operator = ">=" if kwargs.get("or_equal") else ">"
            return f"not (landed.{kwargs['column_A']} {operator} landed.{kwargs['column_B']})"
        case "expect_column_values_to_match_regex":  # matched as Great Expectations does on Snowflake
            return f"regexp_count(landed.{kwargs['column']}, {_literal(kwargs['regex'])}) = 0"
        case "unexpected_rows_expectation":
            query = kwargs["unexpected_rows_query"].format(batch=landing)
            return f"landed._row_number in (select broken._row_number from ({query}) as broken)"
        case other:
            raise SuiteError(f"rule {rule.name!r}: rows that break {other} cannot be quarantined")


def _outside(column: str, kwargs: dict[str, Any]) -> str:
    below = "<=" if kwargs.get("strict_min") else "<"
    above = ">=" if kwargs.get("strict_max") else ">"
    bounds = ((below, kwargs.get("min_value")), (above, kwargs.get("max_value")))
    parts = [f"{column} {operator} {_literal(bound)}" for operator, bound in bounds if bound is not None]
    if not parts:
        raise SuiteError(f"a range of {column} needs min_value or max_value")
    return " or ".join(parts)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    # Snowflake reads a backslash in a literal as the beginning of an escape.
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
