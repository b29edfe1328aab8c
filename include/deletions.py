"""Rows that the source no longer has: marked in staging, in one transaction, so that they leave the marts.

The source is asked which of the keys that staging holds it does not have any more. Such a row keeps its place with
`_deleted_at`, the moment of that answer by the source's clock: an older batch that comes later does not bring it back,
one that read the source afterwards does (publish.py). Whatever the order, what staging shows is what the source had.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from include import clients
from include.contracts import Contract, contract
from include.expectations import suite
from include.publish import Amount, ConservationError, Run, amount_of, take_turn
from include.warehouse import Warehouse
from include.window import Window, midnight

KEYS_A_STATEMENT = 10_000


class DeletionsRefused(Exception):
    """More of a span is gone than can be believed without a person's word. Nothing was marked."""


class SourceMovedOn(Exception):
    """A batch that read the source later was published meanwhile. Nothing was marked; asking again helps."""


@dataclass(frozen=True)
class Gone:
    """Keys of some days that the source did not have at a moment of its own clock (naive UTC)."""

    table: str
    days: tuple[date, ...]
    keys: tuple[str, ...]
    asked_at: datetime


@dataclass(frozen=True)
class Removed:
    """What a removal did: of the compared span's rows, those deleted and those left; and rows in quarantine."""

    batch_id: str
    deleted: Amount
    left: Amount
    quarantined: Amount

    def __str__(self) -> str:
        rejected = f", and {self.quarantined} in quarantine" if self.quarantined.rows else ""
        return (
            f"took out {self.deleted} that the source no longer has{rejected}; {self.left} are left of the compared "
            f"span (batch {self.batch_id})"
        )


@dataclass(frozen=True)
class _Held:
    """Rows of the span in staging, and those of them that are gone; sizes are money without its sign."""

    all: Amount
    gone: Amount
    size: Decimal
    gone_size: Decimal


def deletable(table: str) -> bool:
    """Whether rows of a table can vanish from its source unnoticed: those kept as one row a key."""
    return contract(table).keep == "newest"


def remove(
    warehouse: Warehouse,
    table: str,
    days: Sequence[date],
    window: Window,
    batch_id: str,
    run: Run,
    *,
    unlimited: bool = False,
) -> Removed | None:
    """Ask the source for what staging holds of these days and mark what it no longer has; None when it has all.

    Args:
        days: store days of which the source's keys are asked for.
        window: the compared span; of its rows and money no more may go than the table's suite allows.
        batch_id: name of the removal, which takes the place of the rows' batch.
        unlimited: a person has said that so many deletions are meant.

    Raises: as `take_out`.
    """
    gone = ask(warehouse, table, days, window)
    return take_out(warehouse, gone, window, batch_id, run, unlimited=unlimited)


def take_out(
    warehouse: Warehouse, gone: Gone, window: Window, batch_id: str, run: Run, *, unlimited: bool = False
) -> Removed | None:
    """Mark what the source was found without, in one transaction; None when nothing of it is there to mark.

    Raises:
        DeletionsRefused: more is gone than the limits allow.
        SourceMovedOn: a load that read the source later was published meanwhile.
        ConservationError: a row or its money is unaccounted for; the transaction is rolled back.
    """
    if not gone.keys:
        return None
    agreed = contract(gone.table)
    names: dict[str, Any] = {
        "gone": agreed.landing(batch_id),
        "target": agreed.target,
        "quarantine": agreed.quarantine,
        "key": agreed.key[0],
        "day": agreed.day,
        "money": agreed.money,
    }
    warehouse.run("deletions/create_keys.sql", **names)
    try:
        for part in _parts(gone.keys):
            warehouse.insert(names["gone"], ("row_key",), [(key,) for key in part])
        values = {
            "batch_id": batch_id,
            "table_name": gone.table,
            "asked_at": gone.asked_at,
            "published_at": datetime.now(UTC).replace(tzinfo=None),
            "start": _naive(window.start),
            "end": _naive(window.end),
        }
        with warehouse.transaction():
            take_turn(warehouse, agreed, batch_id)
            held = _held(warehouse, values, names)
            quarantined = amount_of(warehouse.rows("deletions/count_rejects.sql", **names)[0])
            if not held.gone.rows + quarantined.rows:  # another run was faster
                return None
            if not unlimited:
                _check_limits(agreed, held, window)
            removed = _mark(warehouse, held, quarantined, values, names)
            _record(warehouse, run, removed, held, gone.days, values)
            return removed
    finally:
        warehouse.run("deletions/drop_keys.sql", **names)


def ask(warehouse: Warehouse, table: str, days: Sequence[date], window: Window) -> Gone:
    """Which keys that staging or the quarantine holds of these days the source does not have any more."""
    from include.sources import orders

    agreed = contract(table)
    names: dict[str, Any] = {
        "target": agreed.target,
        "quarantine": agreed.quarantine,
        "key": agreed.key[0],
        "day": agreed.day,
    }

    def held() -> Iterator[Sequence[str]]:
        for day in days:
            start, end = midnight(day, window.timezone), midnight(day + timedelta(days=1), window.timezone)
            span = {"start": _naive(start), "end": _naive(end)}
            yield from _parts([key for (key,) in warehouse.rows("deletions/held_keys.sql", span, **names)])

    with clients.order_db_client() as connection:
        asked_at, missing = orders.missing(connection, table, agreed.key[0], held())
    return Gone(table, tuple(days), tuple(sorted(set(missing))), _naive(asked_at))


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(keys), KEYS_A_STATEMENT):
        yield keys[first : first + KEYS_A_STATEMENT]


def _held(warehouse: Warehouse, values: dict[str, Any], names: dict[str, Any]) -> _Held:
    [row] = warehouse.rows("deletions/count_held.sql", values, **names)
    rows, money, size, gone_rows, gone_money, gone_size = row
    return _Held(amount_of((rows, money)), amount_of((gone_rows, gone_money)), Decimal(size), Decimal(gone_size))


def _check_limits(agreed: Contract, held: _Held, window: Window) -> None:
    limits = suite(agreed.table)
    row_share, money_share = _share(held.gone.rows, held.all.rows), _share(held.gone_size, held.size)
    if row_share <= limits.deleted_row_limit and money_share <= limits.deleted_money_limit:
        return
    raise DeletionsRefused(
        f"{held.gone} of {held.all} of {agreed.table} are gone from the source: {row_share:.1%} of the rows and "
        f"{money_share:.1%} of the money of {window}, more than {limits.deleted_row_limit:.1%} or "
        f"{limits.deleted_money_limit:.1%}. Nothing was deleted. See whether the source answers in full; if the rows "
        f"were deleted on purpose, trigger again with reload_differences and allow_deletions"
    )


def _share(part: int | Decimal, whole: int | Decimal) -> Decimal:
    return Decimal(part) / Decimal(whole) if whole else Decimal(0)


def _mark(
    warehouse: Warehouse, held: _Held, quarantined: Amount, values: dict[str, Any], names: dict[str, Any]
) -> Removed:
    """Mark what is gone in staging and quarantine, and count what staging really holds afterwards."""
    marked = warehouse.run("deletions/mark_rows.sql", values, **names).rowcount or 0
    # The update has taken the table's lock: what was published before it is seen here, what comes after it waits.
    [(later,)] = warehouse.rows("deletions/count_later_loads.sql", values)
    if later:
        raise SourceMovedOn(
            f"{later} load(s) of {values['table_name']} read the source after it was asked for what is gone; "
            "nothing was deleted: clear the task"
        )
    rejects = warehouse.run("deletions/mark_rejects.sql", values, **names).rowcount or 0
    left = _held(warehouse, values, names)
    deleted = amount_of(warehouse.rows("publish/count_published.sql", values, **names)[0])
    wrong = deleted != held.gone or left.all + deleted != held.all or left.gone.rows or rejects != quarantined.rows
    if marked != deleted.rows or wrong:
        raise ConservationError(
            f"deletions {values['batch_id']}: {marked:,} rows marked, {names['target']} holds {deleted} of it and "
            f"{left.all} besides, but {held.gone} of {held.all} were due; in quarantine {rejects:,} of {quarantined}; "
            "rolled back, nothing was deleted"
        )
    return Removed(values["batch_id"], deleted, left.all, quarantined)


def _record(
    warehouse: Warehouse, run: Run, removed: Removed, held: _Held, days: Sequence[date], values: dict[str, Any]
) -> None:
    row: dict[str, Any] = {
        "batch_id": removed.batch_id,
        "table_name": values["table_name"],
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "first_day": min(days),
        "last_day": max(days),
        "asked_at": values["asked_at"],
        "code_version": run.code_version,
        "published_at": values["published_at"],
    }
    amounts = {
        "held": held.all,
        "deleted": removed.deleted,
        "left": removed.left,
        "quarantined": removed.quarantined,
    }
    for name, amount in amounts.items():
        row |= {f"{name}_rows": amount.rows, f"{name}_money": amount.money}
    warehouse.insert("audit.deletions", tuple(row), [tuple(row.values())])


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
