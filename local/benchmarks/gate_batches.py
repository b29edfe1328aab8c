"""Batches of generated order items through COPY, gate and publish, each timed; a process of its own."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from include import clients, config, lake
from include.contracts import contract
from include.contracts.conform import arrow_schema
from include.expectations import promised, suite
from include.gating import check
from include.landing import LandedBatch, land
from include.publish import Run, publish
from include.warehouse import Warehouse, open_warehouse
from include.window import Window, midnight
from local.benchmarks.measured import measure_prepared
from local.benchmarks.statements import counted_statements
from local.datasets import columns

DAY = date(2026, 6, 1)
RUN = Run("benchmark", "benchmark", "benchmark")
CHUNK_ROWS = 100_000
LINES_PER_ORDER = 3
PRODUCTS = 5_000
COMPARABLE_WEEKS = 3  # as many as the volume rule needs


def prepare(task: dict[str, Any]) -> None:
    """Import what a scheduler's workers hold already, and publish the orders and products that the lines name."""
    import great_expectations  # noqa: F401

    with open_warehouse("benchmark") as warehouse:
        for table, number in (("orders", task["rows"] // LINES_PER_ORDER + 1), ("products", PRODUCTS)):
            _publish(warehouse, _landed(warehouse, table, f"{table}__benchmark", number))
        for week in range(1, COMPARABLE_WEEKS + 1):
            batch = _landed(warehouse, "order_items", f"order_items__{week}_weeks_ago", 0, DAY - timedelta(weeks=week))
            _publish(warehouse, batch)
            warehouse.execute(
                "update audit.loads set landed_rows = %(rows)s where batch_id = %(batch_id)s",
                {"rows": task["rows"], "batch_id": batch.id},
            )


def work(task: dict[str, Any], _: None) -> list[dict[str, Any]]:
    """Seconds of each step of each batch, with the rules and statements of its gate."""
    with open_warehouse("benchmark") as warehouse:
        return [_batch(warehouse, number, task["rows"]) for number in range(task["batches"])]


def _batch(warehouse: Warehouse, number: int, rows: int) -> dict[str, Any]:
    manifest = _written("order_items", f"order_items__benchmark_{number}", rows, DAY, number)
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    batch = land(warehouse, manifest, contract("order_items"))
    seconds["copy"], began = time.perf_counter() - began, time.perf_counter()
    with counted_statements() as sent:
        verdict, _ = check(warehouse, batch)
    seconds["gate"], began = time.perf_counter() - began, time.perf_counter()
    publish(warehouse, batch, RUN, rejected=verdict.rejected_rows)
    seconds["publish"] = time.perf_counter() - began
    rules = len(promised(batch.contract, suite("order_items")).rules)
    if (verdict.checked, verdict.rejected, verdict.warnings) != (rules, [], []):
        raise RuntimeError(f"{rules} rules should be checked and hold: {verdict}")
    return {**seconds, "rules": rules, "statements": len(sent)}


def _publish(warehouse: Warehouse, batch: LandedBatch) -> None:
    warehouse.run("publish/create_rejects.sql", rejects=batch.contract.landing(batch.id, "__rejects"))
    publish(warehouse, batch, RUN)


def _landed(warehouse: Warehouse, table: str, batch_id: str, rows: int, day: date = DAY) -> LandedBatch:
    return land(warehouse, _written(table, batch_id, rows, day, 0), contract(table))


def _written(table: str, batch_id: str, rows: int, day: date, number: int) -> lake.Manifest:
    timezone = config.store_timezone()
    window = Window(midnight(day, timezone), midnight(day + timedelta(days=1), timezone), timezone)
    return lake.write(
        clients.lake_client(), config.LAKE_BUCKET, _chunks(table, rows, number), contract(table), window, batch_id
    )


def _chunks(table: str, rows: int, number: int) -> Iterator[pa.RecordBatch]:
    for first in range(0, rows, CHUNK_ROWS):
        numbers = np.arange(first, min(first + CHUNK_ROWS, rows))
        yield pa.RecordBatch.from_pydict(_MADE[table](numbers, number), schema=arrow_schema(contract(table)))


def _order_items(numbers: columns.Ints, batch: int) -> dict[str, Any]:
    quantity, price = 1 + numbers % 4, (100 + numbers * 7919 % 20_000) * 100
    at = _moments(numbers)
    return {
        "order_item_id": columns.numbered(f"{batch}-", numbers),
        "order_id": columns.numbered("O", numbers // LINES_PER_ORDER),
        "product_id": columns.numbered("P", numbers * 7907 % PRODUCTS),
        "quantity": quantity,
        "unit_price": columns.money(price),
        "discount_amount": columns.money(numbers % 10 * 100),
        "line_amount": columns.money(quantity * price),
        "ordered_at": at,
        "updated_at": at,
    } | _unchanged(numbers)


def _orders(numbers: columns.Ints, _: int) -> dict[str, Any]:
    at = _moments(numbers)
    nothing = pa.nulls(len(numbers), pa.string())
    return {
        "order_id": columns.numbered("O", numbers),
        "customer_id": nothing,
        "email_hash": nothing,
        "status": ["completed"] * len(numbers),
        "channel": ["web"] * len(numbers),
        "country": ["GB"] * len(numbers),
        "currency": ["GBP"] * len(numbers),
        "total_amount": columns.money(numbers % 10_000 * 100),
        "ordered_at": at,
        "updated_at": at,
    } | _unchanged(numbers)


def _products(numbers: columns.Ints, _: int) -> dict[str, Any]:
    at = _moments(numbers)
    text = ["Tin"] * len(numbers)
    flags = pa.array([True] * len(numbers))
    return {
        "product_id": columns.numbered("P", numbers),
        "name": text,
        "category": text,
        "subcategory": text,
        "brand": text,
        "list_price": columns.money(numbers % 10_000 * 100),
        "is_merchandise": flags,
        "is_active": flags,
        "created_at": at,
        "updated_at": at,
    } | _unchanged(numbers)


def _unchanged(numbers: columns.Ints) -> dict[str, Any]:
    return {"_extra": pa.nulls(len(numbers), pa.string()), "_row_number": numbers + 1}


def _moments(numbers: columns.Ints) -> pa.Array:
    """A moment of the day for each number, naive UTC."""
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    return pa.array(int(noon.timestamp() * 1e6) + numbers % 3_600_000_000, pa.timestamp("us"))


_MADE: dict[str, Callable[[columns.Ints, int], dict[str, Any]]] = {
    "order_items": _order_items,
    "orders": _orders,
    "products": _products,
}


if __name__ == "__main__":
    measure_prepared(prepare, work)
