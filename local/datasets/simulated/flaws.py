"""Rows that a gate must quarantine, planted into the simulated tables in small, known numbers."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa

from local.datasets import columns
from local.datasets.days import DAY, StoreDays
from local.datasets.layout import MONEY_SCALE
from local.datasets.simulated.parameters import Parameters

# So few that a batch still passes; in a tiny shop never more than a quarter of a table.
NEGATIVE_PRICES: Final = 5
ZERO_QUANTITIES: Final = 3
REFUNDS_OF_NOTHING: Final = 2
NEGATIVE_LIST_PRICES: Final = 2
BROKEN_EMAILS: Final = 2
STRAY_EVENTS: Final = 3
QUIET_DAYS: Final = 3  # the last days stay clean: the daily run's batches are small


def _few(wanted: int, rows: int) -> int:
    return min(wanted, rows // 4)


def _copies(table: pa.Table, rows: np.ndarray, **changed: Any) -> pa.Table:
    """Copies of some rows with some columns replaced."""
    copy = table.take(pa.array(rows, pa.int64()))
    for name, values in changed.items():
        field = table.schema.field(name)
        copy = copy.set_column(table.schema.get_field_index(name), field, pa.array(values, type=field.type))
    return copy


def _microseconds(table: pa.Table, name: str) -> np.ndarray:
    return table[name].combine_chunks().cast(pa.int64()).to_numpy()


def plant(parameters: Parameters, tables: dict[str, pa.Table]) -> dict[str, list[dict[str, Any]]]:
    """Add the flawed rows to the tables and say, by table, which they are and why they are wrong."""
    planters: dict[str, Callable[[Parameters, pa.Table], tuple[pa.Table, list[dict[str, Any]]]]] = {
        "order_items": _order_items,
        "refunds": _refunds,
        "products": _products,
        "customers": _customers,
    }
    planted = {}
    for name, planter in planters.items():
        extra, planted[name] = planter(parameters, tables[name])
        tables[name] = pa.concat_tables([tables[name], extra]).combine_chunks()
    return planted


def _early_rows(random: np.random.Generator, days: StoreDays, table: pa.Table, count: int) -> np.ndarray:
    """Some rows, of different keys, that changed before the quiet days."""
    early = np.flatnonzero(_microseconds(table, "updated_at") < days.bounds[-1 - QUIET_DAYS])
    return np.sort(random.choice(early, min(count, len(early)), replace=False))


def _order_items(parameters: Parameters, table: pa.Table) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Further lines of existing orders: a negative price, or no unit at all."""
    random = parameters.random("flawed lines")
    negative, empty = _few(NEGATIVE_PRICES, table.num_rows), _few(ZERO_QUANTITIES, table.num_rows)
    rows = _early_rows(random, parameters.store_days, table, negative + empty)
    negative = min(negative, len(rows))
    price = np.where(np.arange(len(rows)) < negative, -random.integers(1, 6, len(rows)), 5) * MONEY_SCALE
    quantity = np.where(np.arange(len(rows)) < negative, 1, 0)
    ids = [f"{order}-X{number + 1}" for number, order in enumerate(table["order_id"].take(pa.array(rows)).to_pylist())]
    reasons = ["unit_price below 0" if number < negative else "quantity 0" for number in range(len(rows))]
    extra = _copies(
        table,
        rows,
        order_item_id=ids,
        quantity=quantity,
        unit_price=columns.money(price),
        discount_amount=columns.money(np.zeros(len(rows), dtype=np.int64)),
        line_amount=columns.money(price * quantity),
    )
    return extra, [{"order_item_id": key, "reason": reason} for key, reason in zip(ids, reasons, strict=True)]


def _refunds(parameters: Parameters, table: pa.Table) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Refunds of nothing, and of less than nothing."""
    random = parameters.random("flawed refunds")
    rows = _early_rows(random, parameters.store_days, table, _few(REFUNDS_OF_NOTHING, table.num_rows))
    ids = [f"R-X{number + 1}" for number in range(len(rows))]
    amounts = np.array([0, -5 * MONEY_SCALE], dtype=np.int64)[: len(rows)]
    extra = _copies(table, rows, refund_id=ids, amount=columns.money(amounts))
    return extra, [{"refund_id": key, "reason": "amount not above 0"} for key in ids]


def _later_versions(parameters: Parameters, table: pa.Table, key: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Newest rows of some keys, and a later moment for a flawed version of each, before the quiet days."""
    random = parameters.random(f"flawed {key}")
    limit = int(parameters.store_days.bounds[-1 - QUIET_DAYS])
    keys = np.array(table[key].to_pylist())
    newest = np.flatnonzero(np.concatenate([keys[1:] != keys[:-1], [True]]))
    updated = _microseconds(table, "updated_at")
    early = newest[updated[newest] < limit - DAY]
    rows = np.sort(random.choice(early, min(count, len(early)), replace=False))
    return rows, updated[rows] + (random.uniform(0.1, 0.9, len(rows)) * (limit - updated[rows])).astype(np.int64)


def _products(parameters: Parameters, table: pa.Table) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Versions with a negative list price."""
    rows, at = _later_versions(parameters, table, "product_id", _few(NEGATIVE_LIST_PRICES, table.num_rows))
    price = np.full(len(rows), -1 * MONEY_SCALE)
    extra = _copies(table, rows, list_price=columns.money(price), updated_at=columns.timestamps(at))
    return extra, [{"product_id": key, "reason": "list_price below 0"} for key in extra["product_id"].to_pylist()]


def _customers(parameters: Parameters, table: pa.Table) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Versions whose e-mail address is none."""
    rows, at = _later_versions(parameters, table, "customer_id", _few(BROKEN_EMAILS, table.num_rows))
    broken = [str(email).replace("@", " at ") for email in table["email"].take(pa.array(rows, pa.int64())).to_pylist()]
    extra = _copies(table, rows, email=broken, updated_at=columns.timestamps(at))
    return extra, [{"customer_id": key, "reason": "email without @"} for key in extra["customer_id"].to_pylist()]


def stray_events(
    parameters: Parameters, events: pa.Table, at: np.ndarray
) -> tuple[pa.Table, np.ndarray, list[dict[str, Any]]]:
    """Page views dated forty days before the day whose table holds them: rows, their day numbers, which they are."""
    random = parameters.random("stray events")
    days = parameters.store_days
    pages = np.flatnonzero(
        (events["event_name"].to_numpy(zero_copy_only=False) == "page_view") & (at < days.bounds[-1 - QUIET_DAYS])
    )
    rows = np.sort(random.choice(pages, _few(STRAY_EVENTS, events.num_rows), replace=False))
    wrong = at[rows] - 40 * DAY
    numbers = days.numbers(at[rows])
    extra = _copies(
        events,
        rows,
        event_at=columns.timestamps(wrong),
        user_pseudo_id=[f"stray.{number + 1}" for number in range(len(rows))],
    )
    return (
        extra,
        numbers,
        [
            {
                "user_pseudo_id": f"stray.{number + 1}",
                "day": days[day].isoformat(),
                "reason": "event_at outside its day",
            }
            for number, day in enumerate(numbers.tolist())
        ],
    )
