"""The statistics of experiments, from sums, against the same statistics from the raw rows by other means."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from include.experiments import (
    BETTER,
    MISMATCH,
    NO_DIFFERENCE,
    TOO_FEW,
    WORSE,
    Arm,
    compare_rates,
    compare_revenue,
    evaluate,
    lift_interval,
    split_test,
)


def arm(
    variant: str, units: int, conversions: int, revenue: list[str] | None = None, assigned: int | None = None
) -> Arm:
    """An arm of experiment X; `revenue` of the units that spent anything, one each conversion if not told."""
    spent = [Decimal(amount) for amount in (revenue or ["10.0000"] * conversions)]
    return Arm(
        "X",
        variant,
        variant == "control",
        units if assigned is None else assigned,
        units,
        conversions,
        sum(spent, Decimal(0)),
        sum((amount * amount for amount in spent), Decimal(0)),
    )


CONTROL, TREATMENT = arm("control", 1390, 110), arm("treatment", 1392, 146)


def spending(seed: int, units: int, share: float) -> list[Decimal]:
    """What each unit spent, to four places: mostly nothing."""
    random = np.random.default_rng(seed)
    amounts = np.where(random.random(units) < share, random.gamma(2, 40, units), 0)
    return [Decimal(f"{amount:.4f}") for amount in amounts]


def test_pooled_z_is_the_root_of_pearsons_chi_square() -> None:
    found = compare_rates(TREATMENT, CONTROL)
    table = [[146, 1392 - 146], [110, 1390 - 110]]
    expected = stats.chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(np.sqrt(expected.statistic))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_wald_interval_covers_as_often_as_it_says() -> None:
    """Over repeated experiments with a known difference; a pooled or one-sided interval would miss the band."""
    random = np.random.default_rng(11)
    units, rates = 4000, (0.05, 0.25)
    draws = random.binomial(units, rates, (2500, 2))
    covered = 0
    for few, many in draws:
        found = compare_rates(arm("treatment", units, many), arm("control", units, few))
        covered += found.low <= rates[1] - rates[0] <= found.high
    assert covered / len(draws) == pytest.approx(0.95, abs=0.013)


def test_lift_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(12)
    units, rates = 4000, (0.10, 0.13)
    draws = random.binomial(units, rates, (2500, 2))
    covered = 0
    for few, many in draws:
        low, high = lift_interval(arm("treatment", units, many), arm("control", units, few))
        covered += low <= 0.3 <= high
    assert covered / len(draws) == pytest.approx(0.95, abs=0.013)


def test_welch_from_sums_is_welch_from_rows() -> None:
    first, second = spending(1, 900, 0.12), spending(2, 500, 0.15)
    expected = stats.ttest_ind([float(x) for x in second], [float(x) for x in first], equal_var=False)
    interval = expected.confidence_interval(0.95)
    arms = [
        arm(variant, len(spent), sum(1 for x in spent if x), [str(x) for x in spent])
        for variant, spent in (("control", first), ("treatment", second))
    ]
    found, freedom = compare_revenue(arms[1], arms[0]) or pytest.fail("no result")
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert freedom == pytest.approx(expected.df)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_variance_of_large_equal_amounts_does_not_come_from_rounding() -> None:
    same = arm("control", 3, 3, ["999999999.9999"] * 3)
    assert same.variance_of_mean == 0
    nearly = arm("control", 2, 2, ["999999999.9999", "999999999.9998"])
    assert nearly.variance_of_mean == pytest.approx((0.0001**2 / 2) / 2)


def test_revenue_without_spread_or_with_one_unit_is_not_compared() -> None:
    assert compare_revenue(arm("treatment", 9, 0), arm("control", 9, 0)) is None
    assert compare_revenue(arm("treatment", 1, 1), arm("control", 9, 3)) is None


def test_split_is_pearsons_chi_square_against_equal_parts() -> None:
    for sizes in ([988, 686], [1390, 1392], [300, 320, 290]):
        expected = stats.chisquare(sizes)
        assert split_test(sizes) == pytest.approx((expected.statistic, expected.pvalue))
    assert split_test([0, 0]) == (0, 1)


def test_a_lift_is_found_with_its_interval() -> None:
    [found] = evaluate([CONTROL, TREATMENT])
    assert (found.variant, found.control, found.verdict) == ("treatment", "control", BETTER)
    assert found.conversion_lift == pytest.approx((146 / 1392) / (110 / 1390) - 1)
    assert found.conversion_lift_low < 0.3 < found.conversion_lift_high
    assert found.revenue_lift == pytest.approx((1460 / 1392) / (1100 / 1390) - 1)


def test_a_loss_is_found() -> None:
    [found] = evaluate([replace(TREATMENT, is_control=True), replace(CONTROL, is_control=False)])
    assert found.verdict == WORSE
    assert found.conversion and found.conversion.high < 0


def test_chance_is_no_difference() -> None:
    [found] = evaluate([CONTROL, arm("treatment", 1392, 118)])
    assert found.verdict == NO_DIFFERENCE
    assert found.conversion and found.conversion.low < 0 < found.conversion.high


def test_a_broken_split_has_no_verdict_and_no_numbers() -> None:
    [found] = evaluate([arm("control", 988, 90), arm("treatment", 686, 110)])
    assert found.verdict == MISMATCH
    assert found.split_p_value < 0.001
    assert (found.conversion, found.conversion_lift, found.revenue, found.revenue_lift) == (None, None, None, None)


def test_the_split_is_judged_by_all_assigned_not_only_the_mature() -> None:
    [found] = evaluate([arm("control", 1390, 110, assigned=2000), arm("treatment", 1392, 146, assigned=1700)])
    assert found.verdict == MISMATCH


def test_a_split_is_a_mismatch_below_one_in_a_thousand_only() -> None:
    assert split_test([5000, 5329])[1] == pytest.approx(0.0012, abs=1e-4)
    assert evaluate([arm("control", 5000, 500), arm("treatment", 5329, 540)])[0].verdict != MISMATCH
    assert split_test([5000, 5338])[1] < 0.001
    assert evaluate([arm("control", 5000, 500), arm("treatment", 5338, 540)])[0].verdict == MISMATCH


@pytest.mark.parametrize(("units", "conversions", "verdict"), [(400, 4, TOO_FEW), (400, 396, TOO_FEW), (0, 0, TOO_FEW)])
def test_few_units_have_no_verdict(units: int, conversions: int, verdict: str) -> None:
    [found] = evaluate([arm("control", 400, 40), arm("treatment", units, conversions, assigned=400)])
    assert (found.verdict, found.conversion) == (verdict, None)


def test_five_of_each_are_enough() -> None:
    [found] = evaluate([arm("control", 10, 5), arm("treatment", 10, 5)])
    assert found.verdict == NO_DIFFERENCE


def test_every_other_arm_is_compared_with_the_control() -> None:
    found = evaluate([arm("a", 1400, 112), CONTROL, arm("b", 1380, 190)])
    assert [(comparison.variant, comparison.control) for comparison in found] == [("a", "control"), ("b", "control")]
    assert [comparison.verdict for comparison in found] == [NO_DIFFERENCE, BETTER]


def test_one_arm_alone_is_compared_with_nothing() -> None:
    assert evaluate([CONTROL]) == []
