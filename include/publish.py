"""Publish a gated batch: with replay.py, which follows the same rules, the only writer of staging and quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from include.contracts import Contract
from include.lake import DayVersion
from include.landing import LandedBatch
from include.warehouse import Warehouse, render

OUTCOMES = ("inserted", "updated", "superseded", "quarantined")


class ConservationError(Exception):
    """Rows or money went missing, or appeared, between landing and staging. Nothing was committed."""


@dataclass(frozen=True)
class Run:
    """The DAG run that publishes."""

    dag_id: str
    run_id: str
    code_version: str


@dataclass(frozen=True)
class Amount:
    """Rows and their money, exact to four decimals in the store currency; money is 0 where a table has none."""

    rows: int = 0
    money: Decimal = Decimal(0)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.rows + other.rows, self.money + other.money)

    def __str__(self) -> str:
        return f"{self.rows:,} rows ({self.money:,.4f})"


@dataclass(frozen=True)
class Published:
    """What became of a batch's rows. `replaced` counts the rows of older exports that made way."""

    batch_id: str
    landed: Amount
    inserted: Amount
    updated: Amount
    superseded: Amount
    quarantined: Amount
    replaced: int = 0

    def check(self) -> None:
        """Raise ConservationError unless every landed row and its money are accounted for."""
        accounted = self.inserted + self.updated + self.superseded + self.quarantined
        if accounted != self.landed:
            raise ConservationError(
                f"batch {self.batch_id}: {self.landed} landed but {accounted} accounted for "
                f"(inserted {self.inserted}, updated {self.updated}, superseded {self.superseded}, "
                f"quarantined {self.quarantined}); rolled back, staging is unchanged"
            )


def publish(warehouse: Warehouse, batch: LandedBatch, run: Run, *, rejected: int | None = None) -> Published | None:
    """Move a landed batch into quarantine and staging in one transaction; None when it was published before.

    `rejected` is how many rows the gate set aside: where it is none, there is no table of them. None: it is not known,
    and there is one.

    The newest version of a key wins, then what was read from the source last, then the larger content hash; a table
    kept by the day keeps the newest export of each day. Of a row that the source once no longer had, only what was read
    after that counts (deletions.py). So batches may arrive in any order.

    Raises:
        ConservationError: a row or its money is unaccounted for; the transaction is rolled back.
    """
    contract = batch.contract
    names = _names(batch, rejected)
    extracted = {"extracted_at": _extracted_at(batch)}
    warehouse.run("publish/rank_candidates.sql", extracted, columns=contract.columns, key=contract.key, **names)
    with warehouse.transaction():
        take_turn(warehouse, contract, batch.id)
        if warehouse.rows("publish/find_load.sql", {"batch_id": batch.id}):
            return None
        published = _move(warehouse, batch, names, rejected)
        published.check()
        _record(warehouse, batch, run, published)
    return published


def take_turn(warehouse: Warehouse, contract: Contract, batch_id: str) -> None:
    """Wait until no other transaction writes the table; the caller's turn ends with its transaction.

    What a transaction counts before it writes would else be outdated by another that commits meanwhile.
    """
    warehouse.run("publish/take_turn.sql", {"table_name": contract.table, "batch_id": batch_id}, turn=contract.turn)


def _move(warehouse: Warehouse, batch: LandedBatch, names: dict[str, Any], rejected: int | None) -> Published:
    """Write quarantine and staging, and count what they really hold afterwards."""
    contract = batch.contract
    values = {
        "batch_id": batch.id,
        "table_name": contract.table,
        "published_at": datetime.now(UTC).replace(tzinfo=None),
    }
    columns = contract.column_names
    by_day = contract.keep == "day"
    file = "publish/classify_days.sql" if by_day else "publish/classify_versions.sql"
    expected = expected_outcomes(warehouse, file, contract.key, values, names)
    if rejected is not None and expected["quarantined"].rows != rejected:
        raise ConservationError(
            f"batch {batch.id}: the gate set {rejected:,} rows aside, {expected['quarantined'].rows:,} of them are "
            "found; rolled back, staging is unchanged: clear the gate task"
        )
    quarantined = Amount() if rejected == 0 else _quarantine(warehouse, contract, values, names)
    replaced = 0
    if by_day:
        replaced = warehouse.run("publish/delete_replaced_days.sql", values, **names).rowcount or 0
        written = warehouse.run("publish/insert_days.sql", values, columns=columns, **names).rowcount or 0
        warehouse.run("publish/record_days.sql", values, **names)
    else:
        written = merge_versions(warehouse, contract, contract.key, values, names, expected["superseded"])
    held = amount_of(warehouse.rows("publish/count_published.sql", values, **names)[0])
    if (written, held) != (held.rows, expected["inserted"] + expected["updated"]):
        raise ConservationError(
            f"batch {batch.id}: {written:,} rows written, {contract.target} holds {held} of the batch, but "
            f"{expected['inserted'] + expected['updated']} were due; rolled back, staging is unchanged"
        )
    landed = Amount(batch.rows, batch.money or Decimal(0))
    return Published(
        batch.id, landed, expected["inserted"], expected["updated"], expected["superseded"], quarantined, replaced
    )


def _quarantine(warehouse: Warehouse, contract: Contract, values: dict, names: dict[str, Any]) -> Amount:
    """Keep the rejected rows, and count those that the quarantine really holds afterwards."""
    warehouse.run("publish/quarantine.sql", values, columns=contract.column_names, **names)
    return amount_of(warehouse.rows("publish/count_held.sql", reason="_reason", **names)[0])


def merge_versions(
    warehouse: Warehouse,
    contract: Contract,
    key: Sequence[str],
    values: dict,
    names: dict[str, Any],
    superseded: Amount,
) -> int:
    """Merge candidates that may be published into their table; return the rows inserted and updated.

    Rows that are there already with the same content only learn that the source was seen with them again; they are
    among those that are `superseded`.
    """
    merge = warehouse.run("publish/merge_versions.sql", values, columns=contract.column_names, key=key, **names)
    if superseded.rows:
        warehouse.run("publish/confirm_rows.sql", key=key, **names)
    return merge.rowcount or 0


def expected_outcomes(
    warehouse: Warehouse, file: str, key: Sequence[str], values: dict, names: dict[str, Any]
) -> dict[str, Amount]:
    """What is to become of each candidate, by outcome, as a classifying query of include/sql counts it."""
    counted = {row[0]: amount_of(row[1:]) for row in warehouse.rows(file, values, key=key, **names)}
    return {outcome: counted.get(outcome, Amount()) for outcome in OUTCOMES}


def amount_of(row: tuple) -> Amount:
    """An amount from a row of count and money (null where there is none)."""
    rows, money = row
    return Amount(int(rows), Decimal(money or 0))


def _names(batch: LandedBatch, rejected: int | None) -> dict[str, Any]:
    contract = batch.contract
    return {
        "landing": batch.table,
        "rejects": rejects_of(batch, rejected),
        "candidates": contract.landing(batch.id, "__candidates"),
        "days": _days(batch) if contract.keep == "day" else None,
        "target": contract.target,
        "quarantine": contract.quarantine,
        "version": contract.version,
        "money": contract.money,
        "day": contract.day,
    }


def rejects_of(batch: LandedBatch, rejected: int | None) -> str:
    """Relation of the rows that the gate set aside: its table, or none of the landed rows where it rejected none."""
    if rejected == 0:
        return f"(select _row_number, null::varchar as _reason from {batch.table} where false)"
    return batch.contract.landing(batch.id, "__rejects")


def _version(day: DayVersion) -> DayVersion:
    """A day and its version as SQL reads them: nothing but a date and a moment gets into a statement."""
    version = datetime.fromisoformat(day.version).replace(tzinfo=None)
    return DayVersion(date.fromisoformat(day.day).isoformat(), version.isoformat())


def _days(batch: LandedBatch) -> str:
    """Relation of the days that a batch holds; none of them where it holds none."""
    if not batch.manifest.days:
        return "(select published_day, version from audit.published_days where false)"
    return f"({render('publish/days.sql', days=[_version(day) for day in batch.manifest.days])})"


def _extracted_at(batch: LandedBatch) -> datetime | None:
    """When the batch's source was read (naive UTC), where the manifest says so."""
    moment = batch.manifest.extracted_at
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None) if moment else None


def _record(warehouse: Warehouse, batch: LandedBatch, run: Run, published: Published) -> None:
    manifest = batch.manifest
    row = {
        "batch_id": batch.id,
        "source": manifest.source,
        "table_name": manifest.table,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "window_start": datetime.fromisoformat(manifest.window_start).astimezone(UTC).replace(tzinfo=None),
        "window_end": datetime.fromisoformat(manifest.window_end).astimezone(UTC).replace(tzinfo=None),
        "extracted_rows": manifest.rows,
        "landed_rows": published.landed.rows,
        "replaced_rows": published.replaced,
        "extracted_money": Decimal(manifest.money),
        "code_version": run.code_version,
        "published_at": datetime.now(UTC).replace(tzinfo=None),
        "extracted_at": _extracted_at(batch),
    }
    for outcome in OUTCOMES:
        amount: Amount = getattr(published, outcome)
        row |= {f"{outcome}_rows": amount.rows, f"{outcome}_money": amount.money}
    warehouse.insert("audit.loads", tuple(row), [tuple(row.values())])
