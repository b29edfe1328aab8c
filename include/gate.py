"""The gate: a table's suite on a landed batch. It stops the batch, sets rows aside, or lets it pass."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from include.expectations import Rule, Suite
from include.landing import LandedBatch
from include.rejects import broken_condition
from include.validation import Outcome, Validator
from include.warehouse import Warehouse

log = logging.getLogger(__name__)

SAMPLE_ROWS = 5
ROW_COUNT = "expect_table_row_count_to_be_between"  # all that can be asked of a batch without rows


class GateFailed(Exception):
    """The batch may not be published: it breaks a critical expectation, or too much of it would be quarantined.

    `broken` names the rules, or the reasons for which rows would be set aside.
    """

    def __init__(self, message: str, broken: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.broken = frozenset(broken)


class QuarantineExceeded(GateFailed):
    """More rows or money would be set aside than the suite allows."""


@dataclass(frozen=True)
class Rejected:
    """Rows and money set aside for one reason; `size` is that money without its signs."""

    reason: str
    rows: int
    money: Decimal
    size: Decimal


@dataclass(frozen=True)
class Verdict:
    """What the gate found. `warnings` name the rules that failed without stopping or quarantining."""

    checked: int
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def rejected_rows(self) -> int:
        return sum(item.rows for item in self.rejected)

    @property
    def rejected_size(self) -> Decimal:
        return sum((item.size for item in self.rejected), Decimal(0))


def evaluate(warehouse: Warehouse, batch: LandedBatch, suite: Suite, validator: Validator) -> Verdict:
    """Check a landed batch, write the results to audit.gate_results and the rejected row numbers, if any, beside it.

    Raises:
        GateFailed: a critical expectation does not hold, or the rejected rows or money exceed the suite's limits.
    """
    rules = suite.rules if batch.rows else tuple(rule for rule in suite.rules if rule.type == ROW_COUNT)
    if not rules:
        return Verdict(checked=0)
    outcomes = validator.check(rules)
    _record(warehouse, batch, outcomes)
    failed = [outcome for outcome in outcomes if not outcome.success]
    _stop_on_critical(warehouse, batch, failed)
    rejected = _reject(warehouse, batch, failed)
    warnings = [
        _told(batch, outcome)
        for outcome in failed
        if outcome.rule.quarantine is None and outcome.rule.severity == "warning"
    ]
    verdict = Verdict(len(outcomes), rejected, warnings)
    if rejected:
        _stop_above_limits(warehouse, batch, suite, verdict)
    return verdict


def _stop_on_critical(warehouse: Warehouse, batch: LandedBatch, failed: list[Outcome]) -> None:
    critical = [outcome for outcome in failed if outcome.rule.severity == "critical"]
    if not critical:
        return
    lines = [f"{batch.contract.table}: {len(critical)} critical expectation(s) failed; nothing was published."]
    for outcome in critical:
        lines += [
            f"  {_told(batch, outcome)}",
            *_where(warehouse, batch, outcome.rule),
        ]
    lines.append("Mend the source and clear the extract task, or correct the suite and clear the gate task.")
    raise GateFailed("\n".join(lines), (outcome.rule.name for outcome in critical))


def _told(batch: LandedBatch, outcome: Outcome) -> str:
    """What failed and by how much: rows that break a rule, or what was observed of the whole batch."""
    if outcome.observed is None:
        return f"{outcome.rule.name}: {outcome.unexpected:,} of {batch.rows:,} rows"
    bounds = [str(outcome.rule.kwargs[name]) for name in ("min_value", "max_value") if name in outcome.rule.kwargs]
    expected = f" (expected {' to '.join(bounds)})" if bounds else ""
    return f"{outcome.rule.name}: found {outcome.observed}{expected}"


def _where(warehouse: Warehouse, batch: LandedBatch, rule: Rule) -> list[str]:
    """Sample keys of the rows that break a rule, and the query that finds them all."""
    if rule.column is None and rule.type != "unexpected_rows_expectation":
        return []
    keys = ", ".join(batch.contract.key)
    query = f"select {keys} from {batch.table} as landed where {broken_condition(rule, batch.table)}"
    samples = warehouse.execute(f"{query} order by _row_number limit {SAMPLE_ROWS}").fetchall()
    return [f"    e.g. {keys} = {', '.join(map(str, sample))}" for sample in samples] + [f"    find them: {query}"]


def _reject(warehouse: Warehouse, batch: LandedBatch, failed: list[Outcome]) -> list[Rejected]:
    quarantining = [outcome for outcome in failed if outcome.rule.quarantine]
    if not quarantining:
        return []
    rejects = batch.contract.landing(batch.id, "__rejects")
    warehouse.run("publish/create_rejects.sql", rejects=rejects)
    for outcome in quarantining:
        condition = broken_condition(outcome.rule, batch.table)
        [(found,)] = warehouse.rows("publish/count_broken.sql", landing=batch.table, broken=condition)
        if found != outcome.unexpected:
            raise GateFailed(
                f"{batch.contract.table}: Great Expectations counts {outcome.unexpected:,} rows that break "
                f"{outcome.rule.name!r}, the quarantine finds {found:,} by {condition}; correct the suite"
            )
        values = {"reason": outcome.rule.quarantine}
        warehouse.run("publish/insert_rejects.sql", values, rejects=rejects, landing=batch.table, broken=condition)
    money = batch.contract.money
    counted = warehouse.rows("publish/count_rejects.sql", rejects=rejects, landing=batch.table, money=money)
    return [
        Rejected(reason, int(rows), Decimal(amount or 0), Decimal(size or 0)) for reason, rows, amount, size in counted
    ]


def _stop_above_limits(warehouse: Warehouse, batch: LandedBatch, suite: Suite, verdict: Verdict) -> None:
    """Raise QuarantineExceeded when rows, or money without its signs, exceed their share and what is tolerated.

    Signs are left out because a loss beside a gain of the same size is no less money that is wrong.
    """
    [(size,)] = warehouse.rows("gate/money_size.sql", landing=batch.table, money=batch.contract.money)
    parts = (
        ("rows", Decimal(verdict.rejected_rows), Decimal(batch.rows), suite.row_limit, suite.tolerated_rows),
        ("money", verdict.rejected_size, Decimal(size), suite.money_limit, suite.tolerated_money),
    )
    exceeded = [
        f"{part / whole:.2%} of the {unit} ({limit:.2%} allowed)"
        for unit, part, whole, limit, tolerated in parts
        if part > tolerated and part > limit * whole
    ]
    if exceeded:
        reasons = ", ".join(f"{item.reason} {item.rows:,} rows ({item.money:,.2f})" for item in verdict.rejected)
        raise QuarantineExceeded(
            f"{batch.contract.table}: the gate would set aside {' and '.join(exceeded)}: {reasons}. "
            f"Nothing was published. Look at {batch.table}; mend the source and clear the extract task, "
            "or raise the suite's limits and clear the gate task.",
            (item.reason for item in verdict.rejected),
        )


def _record(warehouse: Warehouse, batch: LandedBatch, outcomes: list[Outcome]) -> None:
    """Add the results of this try: what an earlier one found of the batch stays, so that no verdict is ever lost."""
    checked_at = datetime.now(UTC).replace(tzinfo=None)
    columns = ("batch_id", "table_name", "expectation", "column_name", "severity", "success", "unexpected_count",
               "element_count", "detail", "checked_at")  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (batch.id, batch.contract.table, outcome.rule.type, outcome.rule.column, outcome.rule.severity, outcome.success,
         outcome.unexpected, batch.rows, outcome.rule.name, checked_at)
        for outcome in outcomes
    ]  # fmt: skip
    warehouse.insert("audit.gate_results", columns, rows)
