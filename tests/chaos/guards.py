"""Guards of the pipeline taken away on purpose, inside the worker: the harness must notice. Never product code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def without_transaction() -> None:
    """Each statement of publish takes effect on its own."""
    from include.warehouse import Warehouse

    @contextmanager
    def none(self: Warehouse) -> Iterator[Warehouse]:
        yield self

    Warehouse.transaction = none  # type: ignore[method-assign]


def without_duplicate_check() -> None:
    """Publish does not ask whether the batch was published before."""
    from include.warehouse import Warehouse

    rows = Warehouse.rows

    def blind(self: Warehouse, file: str, *arguments: Any, **names: Any) -> list[tuple]:
        return [] if file == "publish/find_load.sql" else rows(self, file, *arguments, **names)

    Warehouse.rows = blind  # type: ignore[method-assign]


def without_manifest() -> None:
    """What lies in the lake and what landed is taken as it is, whatever the manifest promises."""
    from decimal import Decimal

    from include import gating, lake, landing, warehouse

    def unchecked(session: Any, manifest: Any, contract: Any) -> landing.LandedBatch:
        table = contract.landing(manifest.batch_id)
        [(rows, money)] = session.rows("load/count_landed.sql", table=table, money=contract.money)
        return landing.LandedBatch(manifest, contract, table, rows, Decimal(money or 0) if contract.money else None)

    def as_it_is(manifest: Any, contract: Any) -> landing.LandedBatch:
        with warehouse.open_warehouse("chaos") as session:
            return unchecked(session, manifest, contract)

    landing.landed = unchecked
    landing.as_promised = as_it_is
    gating.compare = lambda *_: None  # type: ignore[attr-defined]
    lake.verify = lambda *_: None  # type: ignore[attr-defined]


def without_ranking() -> None:
    """What comes last wins, not what is newest."""
    from include import warehouse

    render = warehouse.render

    def last_wins(file: str, **names: Any) -> str:
        text = render(file, **names)
        if file in ("publish/merge_versions.sql", "publish/classify_versions.sql"):
            version = names["version"]
            text = text.replace(f"candidates.{version} > target.{version}", "true")
        return text

    warehouse.render = last_wins


def without_turns() -> None:
    """Publishers of a table do not wait for each other before they look at it."""
    from include import publish

    publish.take_turn = lambda *_: None  # type: ignore[attr-defined]


GUARDS: dict[str, Callable[[], None]] = {
    "transaction": without_transaction,
    "duplicate-check": without_duplicate_check,
    "manifest": without_manifest,
    "ranking": without_ranking,
    "turns": without_turns,
}
