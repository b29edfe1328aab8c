"""Publish a gated batch: with replay.py, which follows the same rules, the only writer of staging and quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from include.contracts import Contract
from include.landing import LandedBatch
from include.warehouse import Warehouse

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


def publish(warehouse: Warehouse, batch: LandedBatch, run: Run) -> Published | None:
    """Move a landed batch into quarantine and staging in one transaction; None when it was published before.

    The newest version of a key wins, then what was read from the source last, then the larger content hash; a table
    kept by the day keeps the newest export of each day. Of a row that the source once no longer had, only what was read
    after that counts (deletions.py). So batches may arrive in any order.

    Raises:
        ConservationError: a row or its money is unaccounted for; the transaction is rolled back.
    """
    contract = batch.contract
    names = _names(batch)
    extracted = {"extracted_at": _extracted_at(batch)}
    warehouse.run("publish/rank_candidates.sql", extracted, columns=contract.columns, key=contract.key, **names)
    if contract.keep == "day":
        _write_days(warehouse, batch, names["days"])
    with warehouse.transaction():
        take_turn(warehouse, contract, batch.id)
        if warehouse.rows("publish/find_load.sql", {"batch_id": batch.id}):
            return None
        published = _move(warehouse, batch, names)
        published.check()
        _record(warehouse, batch, run, published)
    return published


def take_turn(warehouse: Warehouse, contract: Contract, batch_id: str) -> None:
    """Wait until no other transaction writes the table; the caller's turn ends with its transaction.

    What a transaction counts before it writes would else be outdated by another that commits meanwhile.
    """
    warehouse.run("publish/take_turn.sql", {"table_name": contract.table, "batch_id": batch_id}, turn=contract.turn)


def _move(warehouse: Warehouse, batch: LandedBatch, names: dict[str, Any]) -> Published:
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
    warehouse.run("publish/quarantine.sql", values, columns=columns, **names)
    replaced = 0
    if by_day:
        replaced = warehouse.run("publish/delete_replaced_days.sql", values, **names).rowcount or 0
        written = warehouse.run("publish/insert_days.sql", values, columns=columns, **names).rowcount or 0
        warehouse.run("publish/record_days.sql", values, **names)
    else:
        written = merge_versions(warehouse, contract, contract.key, values, names)
    held = amount_of(warehouse.rows("publish/count_published.sql", values, **names)[0])
    if (written, held) != (held.rows, expected["inserted"] + expected["updated"]):
        raise ConservationError(
            f"batch {batch.id}: {written:,} rows written, {contract.target} holds {held} of the batch, but "
            f"{expected['inserted'] + expected['updated']} were due; rolled back, staging is unchanged"
        )
    quarantined = amount_of(warehouse.rows("publish/count_held.sql", reason="_reason", **names)[0])
    landed = Amount(batch.rows, batch.money or Decimal(0))
    return Published(
        batch.id, landed, expected["inserted"], expected["updated"], expected["superseded"], quarantined, replaced
    )


def merge_versions(
    warehouse: Warehouse, contract: Contract, key: Sequence[str], values: dict, names: dict[str, Any]
) -> int:
    """Merge candidates that may be published into their table; return the rows inserted and updated.

    Rows that are there already with the same content only learn that the source was seen with them again.
    """
    merge = warehouse.run("publish/merge_versions.sql", values, columns=contract.column_names, key=key, **names)
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


def _names(batch: LandedBatch) -> dict[str, Any]:
    contract = batch.contract
    return {
        "landing": batch.table,
        "rejects": contract.landing(batch.id, "__rejects"),
        "candidates": contract.landing(batch.id, "__candidates"),
        "days": contract.landing(batch.id, "__days"),
        "target": contract.target,
        "quarantine": contract.quarantine,
        "version": contract.version,
        "money": contract.money,
        "day": contract.day,
    }


def _extracted_at(batch: LandedBatch) -> datetime | None:
    """When the batch's source was read (naive UTC), where the manifest says so."""
    moment = batch.manifest.extracted_at
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None) if moment else None


def _write_days(warehouse: Warehouse, batch: LandedBatch, days: str) -> None:
    warehouse.run("publish/create_days.sql", days=days)
    rows = [(day.day, datetime.fromisoformat(day.version).replace(tzinfo=None)) for day in batch.manifest.days]
    warehouse.insert(days, ("published_day", "version"), rows)


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
