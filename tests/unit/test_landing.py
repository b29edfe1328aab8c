"""What landed is held against its manifest, in rows and in money."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from include.contracts import contract
from include.landing import LandingError, landed


def land(table: str, promised: tuple[int, str], found: tuple[int, Decimal | None]) -> Any:
    """The batch, where the manifest promises rows and money, and the landing table holds what was found."""
    manifest: Any = SimpleNamespace(batch_id=f"{table}__test", rows=promised[0], money=promised[1])
    warehouse: Any = SimpleNamespace(rows=lambda file, **names: [found])
    return landed(warehouse, manifest, contract(table))


def test_what_agrees_has_landed():
    assert land("orders", (3, "7.2500"), (3, Decimal("7.25"))).money == Decimal("7.25")
    assert land("orders", (0, "0.0000"), (0, None)).money == 0
    assert land("products", (3, "0.0000"), (3, None)).money is None


@pytest.mark.parametrize(
    ("table", "promised", "found"),
    [
        ("orders", (4, "7.2500"), (3, Decimal("7.25"))),
        ("orders", (3, "7.2501"), (3, Decimal("7.25"))),
        ("orders", (3, "7.2500"), (3, None)),
        ("products", (3, "0.0100"), (3, None)),
    ],
)
def test_what_differs_in_rows_or_money_has_not(table, promised, found):
    with pytest.raises(LandingError, match=f"promises {promised[0]} and {promised[1]}"):
        land(table, promised, found)
