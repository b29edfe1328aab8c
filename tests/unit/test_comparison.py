"""A comparison fails on every kind of difference."""

from decimal import Decimal

import pytest

from tests.conformance import __main__ as conformance
from tests.conformance.comparison import exact, near, same_rows, within


def test_exact() -> None:
    assert exact("m", Decimal("1.0"), Decimal("1.00")).passed
    assert not exact("m", 1, 2).passed


@pytest.mark.parametrize(("got", "passed"), [(1.0009, True), (0.9991, True), (1.0011, False), (None, False)])
def test_near(got: float | None, passed: bool) -> None:
    assert near("m", 1, got, absolute=0.001).passed is passed
    assert near("m", 1, got, relative=0.001).passed is passed


@pytest.mark.parametrize(("got", "passed"), [(1, True), (2, True), (0.9, False), (2.1, False), (None, False)])
def test_within(got: float | None, passed: bool) -> None:
    assert within("m", 1, 2, got).passed is passed


@pytest.mark.parametrize(
    "got",
    [
        {"a": (1, 2.0)},
        {"a": (1, 2.0), "b": (3, 4.1)},
        {"a": (1, 2.0), "b": (3, 4.0), "c": (5, 6.0)},
        {"a": (1, 2.0), "b": (3, None)},
        {"a": (1, 2.0), "b": (3,)},
    ],
)
def test_same_rows_names_what_differs(got: dict[str, tuple]) -> None:
    expected = {"a": (1, 2.0), "b": (3, 4.0)}
    assert same_rows("m", expected, expected).passed
    found = same_rows("m", expected, got)
    assert not found.passed
    assert "1 differ, first" in found.got


def test_same_rows_allows_a_relative_difference_of_floats_only() -> None:
    assert same_rows("m", {"a": 1.0}, {"a": 1.0005}, relative=0.001).passed
    assert not same_rows("m", {"a": 1.0}, {"a": 1.002}, relative=0.001).passed
    assert not same_rows("m", {"a": 1000}, {"a": 1001}, relative=0.1).passed


def test_the_command_takes_all_data_sets_or_those_named(monkeypatch: pytest.MonkeyPatch):
    checked: list[str] = []
    monkeypatch.setattr(conformance, "check", lambda name, *_: checked.append(name) or [])
    assert conformance.main([]) == 0
    assert conformance.main(["simulated"]) == 0
    assert checked == [*conformance.DATASETS, "simulated"]


def test_an_unknown_data_set_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        conformance.main(["nowhere"])
    assert "'nowhere': choose among cdnow, simulated" in capsys.readouterr().err


@pytest.mark.parametrize(("outcome", "code"), [([], 0), ([exact("orders", 1, 2)], 1), (None, 2)])
def test_the_exit_code_tells_failed_comparisons_and_missing_data(monkeypatch: pytest.MonkeyPatch, outcome, code: int):
    monkeypatch.setattr(conformance, "check", lambda *_: outcome)
    assert conformance.main(["cdnow"]) == code
