"""Suites of expectations: one yml file a table, in Great Expectations' own keys, read into rules.

What depends on the batch stands in a suite as a parameter: `{$PARAMETER: min_rows}` as Great Expectations writes it, or
`{orders}` inside a query, where {batch} stays for Great Expectations. include/gate_parameters.py computes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from string import Formatter
from typing import Any

from include.config import EXPECTATIONS_DIR
from include.contracts import Contract

NOT_NULL = "expect_column_values_to_not_be_null"
QUERY = "unexpected_rows_expectation"
BATCH = "batch"  # Great Expectations' own placeholder
_PARAMETER = "$PARAMETER"
SEVERITIES = ("critical", "warning", "info")
LIMITS = ("quarantined_rows", "quarantined_money", "tolerated_rows", "tolerated_money", "deleted_rows", "deleted_money")


class SuiteError(Exception):
    """A suite file is not well formed."""


@dataclass(frozen=True)
class Rule:
    """One expectation. `quarantine` is the reason code of rows that break it, None where a failure only tells."""

    type: str
    kwargs: dict[str, Any]
    severity: str
    quarantine: str | None = None
    why: str = ""

    @property
    def column(self) -> str | None:
        return self.kwargs.get("column")

    @property
    def name(self) -> str:
        """What the rule demands, in a few words."""
        return self.why or " ".join(filter(None, (self.type, self.column)))

    @property
    def query(self) -> str | None:
        """The query for rows that break the rule, where the rule is one."""
        return self.kwargs["unexpected_rows_query"] if self.type == QUERY else None

    @property
    def parameters(self) -> set[str]:
        """Names of what the rule must be told of a batch."""
        named = {value[_PARAMETER] for value in self.kwargs.values() if _is_parameter(value)}
        fields = {field for _, field, _, _ in Formatter().parse(self.query or "") if field}
        return named | fields - {BATCH}

    def told(self, parameters: Mapping[str, Any]) -> "Rule":
        """The rule with the values of its parameters; KeyError when one is missing."""
        kwargs = {
            name: parameters[value[_PARAMETER]] if _is_parameter(value) else value
            for name, value in self.kwargs.items()
        }
        if self.query:
            kwargs["unexpected_rows_query"] = self.query.format(**{**parameters, BATCH: "{batch}"})
        return replace(self, kwargs=kwargs)


@dataclass(frozen=True)
class Suite:
    """Rules of one table, and the shares of rows and money above which a batch stops instead of being quarantined.

    Money is counted without its signs. `tolerated_rows` are set aside whatever their share of the rows, and as much as
    `tolerated_money` (store currency) whatever its share of the money: one bad row of a quiet day is a large share of
    it. The limits of deletions are of a compared span: a source that lacks more than that is not believed
    (include/deletions.py).
    """

    table: str
    rules: tuple[Rule, ...]
    row_limit: Decimal
    money_limit: Decimal
    tolerated_rows: int
    tolerated_money: Decimal = Decimal(0)
    deleted_row_limit: Decimal = Decimal("0.05")
    deleted_money_limit: Decimal = Decimal("0.05")

    @property
    def parameters(self) -> set[str]:
        """Names of what the suite must be told of a batch."""
        return set().union(*(rule.parameters for rule in self.rules))

    def told(self, parameters: Mapping[str, Any]) -> "tuple[Suite, list[Rule]]":
        """The suite with the values of its parameters, and the rules left out because one of theirs is unknown."""
        known = [rule.parameters <= parameters.keys() for rule in self.rules]
        rules = tuple(rule.told(parameters) for rule, is_known in zip(self.rules, known, strict=True) if is_known)
        left_out = [rule for rule, is_known in zip(self.rules, known, strict=True) if not is_known]
        return replace(self, rules=rules), left_out


def suite(table: str) -> Suite:
    """Suite of a table.

    Raises:
        SuiteError: the file is missing or not well formed.
    """
    import yaml

    path = EXPECTATIONS_DIR / f"{table}.yml"
    if not path.is_file():
        raise SuiteError(f"no suite for table {table!r}: {path} is missing")
    raw = yaml.safe_load(path.read_text())
    try:
        limits = _limits(raw["limits"])
        rules = tuple(_rule(item) for item in raw["expectations"])
        shares = (_share(limits["quarantined_rows"]), _share(limits["quarantined_money"]))
        deleted = {
            f"deleted_{of}_limit": _share(limits[name])
            for of, name in (("row", "deleted_rows"), ("money", "deleted_money"))
            if name in limits
        }
        rows, money = int(limits["tolerated_rows"]), Decimal(str(limits.get("tolerated_money", 0)))
        return Suite(raw["name"], rules, *shares, tolerated_rows=rows, tolerated_money=money, **deleted)
    except (KeyError, TypeError, ValueError) as error:
        raise SuiteError(f"{path.name}: {error}") from error


def promised(agreed: Contract, written: Suite) -> Suite:
    """The suite with a rule more for each column that the contract promises and no rule of the suite guards."""
    guarded = {rule.column for rule in written.rules if rule.type == NOT_NULL}
    missing = [column.name for column in agreed.columns if not column.nullable and column.name not in guarded]
    rules = [
        Rule(NOT_NULL, {"column": name}, "warning", f"no_{name}", f"the contract promises a {name}") for name in missing
    ]
    return replace(written, rules=(*written.rules, *rules))


def _limits(raw: dict[str, Any]) -> dict[str, Any]:
    """The limits as they are written; ValueError for one that nothing reads: who wrote it believes that it holds."""
    unknown = sorted(raw.keys() - set(LIMITS))
    if unknown:
        raise ValueError(f"limits: unknown {', '.join(unknown)}; known are {', '.join(LIMITS)}")
    return raw


def _rule(raw: dict[str, Any]) -> Rule:
    if raw["severity"] not in SEVERITIES:
        raise ValueError(f"severity is {raw['severity']!r}, not one of {', '.join(SEVERITIES)}")
    meta = raw.get("meta", {})
    return Rule(raw["type"], raw["kwargs"], raw["severity"], meta.get("quarantine"), meta.get("why", ""))


def _is_parameter(value: Any) -> bool:
    return isinstance(value, dict) and _PARAMETER in value


def _share(text: str) -> Decimal:
    """'0.5%' as 0.005."""
    if not str(text).endswith("%"):
        raise ValueError(f"limit {text!r} is not a percentage")
    return Decimal(str(text)[:-1]) / 100
