"""Experiments: is the traffic split as intended, and does a variant convert better or earn more than the control.

Everything is computed from a few sums of each arm, so an experiment of any size costs the same.

Sources: Agresti (2013) Categorical Data Analysis, ch. 3 (pooled z, Wald interval, log interval of the ratio); Welch
(1947); Fabijan et al. (2019) Diagnosing Sample Ratio Mismatch in Online Controlled Experiments (threshold).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import erfc, expm1, log, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
SIGNIFICANCE = 1 - CONFIDENCE
REACH = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2)  # of an interval, in standard errors
MISMATCH_BELOW = 0.001  # p-value of the split
LEAST_EXPECTED = 5  # conversions, and visitors without one, that an arm needs for a normal approximation

MISMATCH = "no verdict: sample ratio mismatch"
TOO_FEW = "no verdict: too few units"
BETTER = "better than control"
WORSE = "worse than control"
NO_DIFFERENCE = "no difference shown"


@dataclass(frozen=True)
class Arm:
    """A variant's sums over its units, without crossovers.

    `assigned` counts all of them, for the split; everything else is about the `units` whose window is over. Revenue is
    in the store currency.
    """

    experiment_id: str
    variant: str
    is_control: bool
    assigned: int
    units: int
    conversions: int
    revenue: Decimal
    revenue_squares: Decimal

    @property
    def rate(self) -> float:
        return self.conversions / self.units

    @property
    def mean(self) -> float:
        return float(self.revenue / self.units)

    @property
    def variance_of_mean(self) -> float:
        """Squared standard error of the mean revenue; exact until the last step, as the sums nearly cancel."""
        spread = self.revenue_squares - self.revenue * self.revenue / self.units
        return max(float(spread), 0.0) / (self.units - 1) / self.units


@dataclass(frozen=True)
class Difference:
    """Treatment less control with its 95 % interval, and the two-sided p-value of no difference."""

    difference: float
    low: float
    high: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """What is known of one variant against its control; None where it cannot be told or must not be."""

    experiment_id: str
    variant: str
    control: str
    verdict: str
    split_chi_square: float
    split_p_value: float
    conversion: Difference | None = None
    conversion_lift: float | None = None
    conversion_lift_low: float | None = None
    conversion_lift_high: float | None = None
    revenue: Difference | None = None
    revenue_degrees_of_freedom: float | None = None
    revenue_lift: float | None = None


def evaluate(arms: Sequence[Arm]) -> list[Comparison]:
    """Each variant of one experiment against its control; an experiment of one arm compares nothing.

    P-values and intervals are those of the single comparison, not adjusted for the number of variants.
    """
    controls = [arm for arm in arms if arm.is_control]
    others = [arm for arm in arms if not arm.is_control]
    if len(controls) != 1 or not others:
        return []
    chi_square, p_value = split_test([arm.assigned for arm in arms])
    return [_compare(arm, controls[0], chi_square, p_value) for arm in others]


def split_test(assigned: Sequence[int]) -> tuple[float, float]:
    """Pearson's χ² of the arms' sizes against an equal split, and its p-value."""
    from scipy.stats import chi2

    expected = sum(assigned) / len(assigned)
    if expected == 0:
        return 0.0, 1.0
    statistic = sum((count - expected) ** 2 for count in assigned) / expected
    return statistic, float(chi2.sf(statistic, len(assigned) - 1))


def compare_rates(treatment: Arm, control: Arm) -> Difference:
    """Pooled two-sided z-test of conversion rates with Wald's interval; some units must have converted, not all."""
    pooled = (treatment.conversions + control.conversions) / (treatment.units + control.units)
    error = sqrt(pooled * (1 - pooled) * (1 / treatment.units + 1 / control.units))
    difference = treatment.rate - control.rate
    reach = REACH * sqrt(sum(arm.rate * (1 - arm.rate) / arm.units for arm in (treatment, control)))
    z = difference / error
    return Difference(difference, difference - reach, difference + reach, z, erfc(abs(z) / sqrt(2)))


def lift_interval(treatment: Arm, control: Arm) -> tuple[float, float]:
    """95 % interval of the relative lift of the conversion rate, from the log of the ratio; both arms must convert."""
    error = sqrt(sum((1 - arm.rate) / arm.conversions for arm in (treatment, control)))
    middle, reach = log(treatment.rate / control.rate), REACH * error
    return expm1(middle - reach), expm1(middle + reach)


def compare_revenue(treatment: Arm, control: Arm) -> tuple[Difference, float] | None:
    """Welch's t-test of the revenue per unit with its interval, and its degrees of freedom; None without spread."""
    from scipy.stats import t

    parts = [(arm.variance_of_mean, arm.units) for arm in (treatment, control) if arm.units > 1]
    variance = sum(part for part, _ in parts)
    if len(parts) < 2 or variance == 0:
        return None
    freedom = variance**2 / sum(part**2 / (units - 1) for part, units in parts)
    difference, error = treatment.mean - control.mean, sqrt(variance)
    reach = t.isf(SIGNIFICANCE / 2, freedom) * error
    statistic = difference / error
    p_value = float(2 * t.sf(abs(statistic), freedom))
    return Difference(difference, difference - reach, difference + reach, statistic, p_value), freedom


def _compare(treatment: Arm, control: Arm, chi_square: float, p_value: float) -> Comparison:
    names = (treatment.experiment_id, treatment.variant, control.variant)
    # Who is missing from a broken split is not missing at random: numbers of it would only mislead.
    if p_value < MISMATCH_BELOW:
        return Comparison(*names, MISMATCH, chi_square, p_value)
    if not all(_is_enough(arm) for arm in (treatment, control)):
        return Comparison(*names, TOO_FEW, chi_square, p_value)
    conversion = compare_rates(treatment, control)
    lift_low, lift_high = lift_interval(treatment, control)
    revenue, freedom = compare_revenue(treatment, control) or (None, None)
    return Comparison(
        *names,
        _verdict(conversion),
        chi_square,
        p_value,
        conversion=conversion,
        conversion_lift=treatment.rate / control.rate - 1,
        conversion_lift_low=lift_low,
        conversion_lift_high=lift_high,
        revenue=revenue,
        revenue_degrees_of_freedom=freedom,
        revenue_lift=treatment.mean / control.mean - 1 if control.revenue else None,
    )


def _is_enough(arm: Arm) -> bool:
    return min(arm.conversions, arm.units - arm.conversions) >= LEAST_EXPECTED


def _verdict(conversion: Difference) -> str:
    if conversion.p_value >= SIGNIFICANCE:
        return NO_DIFFERENCE
    return BETTER if conversion.difference > 0 else WORSE
