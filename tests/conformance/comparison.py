"""A number of the product beside the number it should be."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Number = int | float | Decimal


@dataclass(frozen=True)
class Comparison:
    """What was compared; `passed` decides, the texts are for the table."""

    metric: str
    expected: str
    got: str
    tolerance: str
    passed: bool


def exact(metric: str, expected: Any, got: Any) -> Comparison:
    """Both must be equal."""
    return Comparison(metric, str(expected), str(got), "exact", expected == got)


def near(metric: str, expected: Number, got: Number | None, relative: float = 0.0, absolute: float = 0.0) -> Comparison:
    """They may differ by `relative` of the expected number or by `absolute`, whichever is more."""
    allowed = max(abs(float(expected)) * relative, absolute)
    tolerance = f"±{relative:.3%}" if relative else f"±{absolute:g}"
    if got is None:
        return Comparison(metric, f"{float(expected):.6g}", "none", tolerance, passed=False)
    passed = abs(float(got) - float(expected)) <= allowed
    return Comparison(metric, f"{float(expected):.6g}", f"{float(got):.6g}", tolerance, passed)


def within(metric: str, low: Number, high: Number, got: Number | None) -> Comparison:
    """It must lie between the two, both included."""
    passed = got is not None and float(low) <= float(got) <= float(high)
    shown = "none" if got is None else f"{float(got):.6g}"
    return Comparison(metric, f"{float(low):.6g} … {float(high):.6g}", shown, "between", passed)


def same_rows(
    metric: str, expected: Mapping[Hashable, Any], got: Mapping[Hashable, Any], relative: float = 0.0
) -> Comparison:
    """Every key must be in both with the same values, numbers within `relative`; the first that differs is named."""
    differing = [key for key in {**expected, **got} if not _same(expected.get(key), got.get(key), relative)]
    shown = f"{len(expected) - len([key for key in differing if key in expected])} of {len(expected)} equal"
    if differing:
        first = min(differing, key=str)
        shown += f"; {len(differing)} differ, first {first}: {got.get(first)} for {expected.get(first)}"
    return Comparison(metric, f"{len(expected)} rows", shown, f"±{relative:g}" if relative else "exact", not differing)


def _same(expected: Any, got: Any, relative: float) -> bool:
    if expected is None or got is None:
        return expected is got
    if isinstance(expected, tuple):
        return len(expected) == len(got) and all(_same(a, b, relative) for a, b in zip(expected, got, strict=True))
    if relative and isinstance(expected, float | Decimal):
        return abs(float(expected) - float(got)) <= abs(float(expected)) * relative
    return bool(expected == got)
