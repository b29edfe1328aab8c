"""Replay quarantined rows: through the gate again, and those that pass into staging by the rules of publish.py.

Staging ends as if the suite of today had judged the rows when they first came: the newest version of a key wins, then
what was read last, then the larger content hash, and a row of a table kept by the day counts only while its export is
the one that the day holds. (A suite that became stricter is another matter: what it would reject now stays published.)
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from include.contracts import Contract, contract, tables
from include.expectations import promised, suite
from include.gating import check
from include.lake import Manifest
from include.landing import LandedBatch
from include.publish import (
    OUTCOMES,
    Amount,
    ConservationError,
    Published,
    Run,
    amount_of,
    expected_outcomes,
    merge_versions,
    rejects_of,
    take_turn,
)
from include.warehouse import Warehouse

log = logging.getLogger(__name__)

SUFFIXES = ("", "__rejects", "__candidates")


class ReplayError(Exception):
    """The rows to replay are not named rightly."""


@dataclass(frozen=True)
class Choice:
    """Which quarantined rows of a table to replay: those of a reason, of a batch (as `_batch_id` names it), or all."""

    table: str
    reason: str | None = None
    batch: str | None = None

    def __str__(self) -> str:
        reason = f" with reason {self.reason}" if self.reason else ""
        return f"rows of {self.table}{reason}{f' from batch {self.batch}' if self.batch else ''}"


@dataclass(frozen=True)
class Judged:
    """Taken rows that share a reason, and what the gate says now: `fails` is None where they pass."""

    reason: str
    fails: str | None
    amount: Amount


@dataclass(frozen=True)
class Replayed:
    """What a replay did, or in a dry run would do. In `published`, quarantined is what stays in quarantine.

    `warnings` name the rules that failed without setting rows aside; `docs` is the first page of the Data Docs.
    """

    published: Published
    judged: list[Judged] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    docs: str | None = None

    @property
    def released(self) -> Amount:
        """Rows that leave the quarantine."""
        return self.published.inserted + self.published.updated + self.published.superseded


def replay(warehouse: Warehouse, choice: Choice, batch_id: str, run: Run, *, dry_run: bool) -> Replayed:
    """Open the gate on the chosen rows; publish what passes and take it out of quarantine, in one transaction.

    Rows that still fail stay as they are. A dry run goes as far as the transaction and leaves nothing behind; a replay
    that fails keeps its landing table, which the messages of the gate name.

    Raises:
        ReplayError: there is no such table or reason.
        GateFailed: the rows break a critical expectation; nothing was published.
        ConservationError: a row or its money is unaccounted for; the transaction is rolled back.
    """
    agreed = _agreed(warehouse, choice)
    with _landed(warehouse, agreed, choice, batch_id, dry_run) as batch:
        if batch.rows == 0:
            return Replayed(Published(batch_id, Amount(), Amount(), Amount(), Amount(), Amount()))
        verdict, docs = check(warehouse, batch, limited=False)
        names = _names(batch, verdict.rejected_rows)
        warehouse.run("replay/rank_candidates.sql", key=_key(agreed), **names)
        judged = _judged(warehouse, names)
        if dry_run or all(group.fails for group in judged):
            published = _expected(warehouse, batch, names)
        else:
            with warehouse.transaction():
                take_turn(warehouse, agreed, batch.id)
                published = _move(warehouse, batch, names)
                published.check()
                _record(warehouse, choice, run, published)
        return Replayed(published, judged, verdict.warnings, str(docs))


def published_rows(warehouse: Warehouse, run: Run) -> int:
    """Rows that all tries of an Airflow run together have published."""
    [(rows,)] = warehouse.rows("replay/published_by_run.sql", {"dag_id": run.dag_id, "run_id": run.run_id})
    return int(rows)


def _agreed(warehouse: Warehouse, choice: Choice) -> Contract:
    if choice.table not in tables():
        raise ReplayError(f"there is no table {choice.table!r}; the tables are {', '.join(tables())}")
    agreed = contract(choice.table)
    if choice.reason is None:
        return agreed
    held = warehouse.rows("replay/known_reasons.sql", {"table_name": agreed.table}, quarantine=agreed.quarantine)
    rules = promised(agreed, suite(agreed.table)).rules
    known = {reason for (reason,) in held} | {rule.quarantine for rule in rules if rule.quarantine}
    if choice.reason not in known:
        raise ReplayError(f"{agreed.table} has no reason {choice.reason!r}; its reasons are {', '.join(sorted(known))}")
    return agreed


@contextmanager
def _landed(
    warehouse: Warehouse, agreed: Contract, choice: Choice, batch_id: str, dry_run: bool
) -> Iterator[LandedBatch]:
    """The chosen rows as a landed batch; its tables go when the replay is over, and those of a dry run in any case."""
    try:
        yield _take(warehouse, agreed, choice, batch_id)
    except BaseException:
        if dry_run:
            _forget(warehouse, agreed, batch_id, dry_run)
        raise
    _forget(warehouse, agreed, batch_id, dry_run)


def _forget(warehouse: Warehouse, agreed: Contract, batch_id: str, dry_run: bool) -> None:
    for suffix in SUFFIXES:
        warehouse.run("load/drop_landing.sql", table=agreed.landing(batch_id, suffix))
    if dry_run:
        warehouse.run("replay/forget_checks.sql", {"batch_id": batch_id})


def _take(warehouse: Warehouse, agreed: Contract, choice: Choice, batch_id: str) -> LandedBatch:
    landing = agreed.landing(batch_id)
    values = {"reason": choice.reason, "batch": choice.batch}
    names = {"landing": landing, "quarantine": agreed.quarantine, "columns": agreed.column_names}
    warehouse.run("replay/take_rows.sql", values, **names)
    [counted] = warehouse.rows("load/count_landed.sql", table=landing, money=agreed.money)
    taken = amount_of(counted)
    now = datetime.now(UTC).isoformat()
    manifest = Manifest(
        batch_id=batch_id,
        table=agreed.table,
        source=agreed.source,
        folder="",
        window_start=now,
        window_end=now,
        rows=taken.rows,
        bytes=0,
        money=str(taken.money),
        schema_fingerprint="",
        code_version="",
    )
    return LandedBatch(manifest, agreed, landing, taken.rows, taken.money if agreed.money else None)


def _names(batch: LandedBatch, rejected: int) -> dict[str, Any]:
    agreed = batch.contract
    return {
        "landing": batch.table,
        "rejects": rejects_of(batch, rejected),
        "candidates": agreed.landing(batch.id, "__candidates"),
        "target": agreed.target,
        "quarantine": agreed.quarantine,
        "version": agreed.version,
        "money": agreed.money,
        "day": agreed.day,
    }


def _key(agreed: Contract) -> tuple[str, ...]:
    """Key by which a row is merged; a table kept by the day may hold an event once in each of its days."""
    return (*agreed.key, agreed.day) if agreed.keep == "day" and agreed.day else agreed.key


def _judged(warehouse: Warehouse, names: dict[str, Any]) -> list[Judged]:
    rows = warehouse.rows("replay/count_by_reason.sql", **names)
    return [Judged(reason, fails, amount_of((count, money))) for reason, fails, count, money in rows]


def _expected(warehouse: Warehouse, batch: LandedBatch, names: dict[str, Any]) -> Published:
    """What is to become of the taken rows, as staging stands now."""
    agreed = batch.contract
    values = {"table_name": agreed.table}
    if agreed.keep == "day":
        warehouse.run("replay/outdate_exports.sql", values, **names)
    file = "publish/classify_versions.sql"
    key = _key(agreed)
    counted = expected_outcomes(warehouse, file, key, values, names)
    inserted, updated, superseded, quarantined = (counted[outcome] for outcome in OUTCOMES)
    landed = Amount(batch.rows, batch.money or Decimal(0))
    return Published(batch.id, landed, inserted, updated, superseded, quarantined)


def _move(warehouse: Warehouse, batch: LandedBatch, names: dict[str, Any]) -> Published:
    """Merge what passes, take it out of quarantine, and count what both really hold afterwards."""
    agreed = batch.contract
    values = {
        "batch_id": batch.id,
        "table_name": agreed.table,
        "published_at": datetime.now(UTC).replace(tzinfo=None),
    }
    expected = _expected(warehouse, batch, names)
    due = expected.inserted + expected.updated
    written = merge_versions(warehouse, agreed, _key(agreed), values, names, expected.superseded)
    held = amount_of(warehouse.rows("publish/count_published.sql", values, **names)[0])
    if (written, held) != (held.rows, due):
        raise _lost(batch, f"{written:,} rows written, {agreed.target} holds {held} of it, {due} were due")
    if agreed.keep == "day":
        _mark_days(warehouse, batch, values, names)
    leaving = (due + expected.superseded).rows
    left = warehouse.run("replay/release.sql", **names).rowcount or 0
    if left != leaving:
        what = f"{left:,} rows left {agreed.quarantine}, {leaving:,} were due"
        raise _lost(batch, f"{what}; was another replay at work, or did the source delete rows? Clear the task")
    kept = amount_of(warehouse.rows("publish/count_held.sql", reason="_taken_reason", **names)[0])
    return Published(batch.id, expected.landed, expected.inserted, expected.updated, expected.superseded, kept)


def _mark_days(warehouse: Warehouse, batch: LandedBatch, values: dict[str, Any], names: dict[str, Any]) -> None:
    """Name the replay as what changed its days last; fails when a day got a newer export meanwhile."""
    [(days,)] = warehouse.rows("replay/count_days.sql", values, **names)
    marked = warehouse.run("replay/mark_days.sql", values, **names).rowcount or 0
    if marked != days:
        raise _lost(batch, f"{days - marked:,} of {days:,} day(s) got a newer export meanwhile; clear the task")


def _lost(batch: LandedBatch, what: str) -> ConservationError:
    return ConservationError(f"replay {batch.id}: {what}; rolled back, staging and quarantine are unchanged")


def _record(warehouse: Warehouse, choice: Choice, run: Run, published: Published) -> None:
    row: dict[str, Any] = {
        "batch_id": published.batch_id,
        "table_name": choice.table,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "chosen_reason": choice.reason,
        "chosen_batch": choice.batch,
        "code_version": run.code_version,
        "published_at": datetime.now(UTC).replace(tzinfo=None),
    }
    amounts = {
        "taken": published.landed,
        "inserted": published.inserted,
        "updated": published.updated,
        "superseded": published.superseded,
        "kept": published.quarantined,
    }
    for name, amount in amounts.items():
        row |= {f"{name}_rows": amount.rows, f"{name}_money": amount.money}
    warehouse.insert("audit.replays", tuple(row), [tuple(row.values())])
