"""Customer value: BG/NBD, MBG/NBD and Gamma-Gamma by maximum likelihood, and what the first two predict.

Histories are in the field's letters: `x` repeat purchase days, `t_x` days from the first purchase to the last one, `T`
days from the first purchase to the last observed day. Any unit of time will do, as long as it is one.

Sources: Fader, Hardie, Lee (2005) "Counting Your Customers" the Easy Way (BG/NBD); Batislam, Denizel, Filiztekin (2007)
and Hoppe, Wagner (2007) (MBG/NBD); Fader, Hardie (2013) The Gamma-Gamma Model of Monetary Value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Objective = Callable[[Floats], tuple[Floats, list[Floats]]]  # parameters → log-likelihood a row, and its derivatives

MINIMUM_REPEAT_CUSTOMERS = 30
MAXIMUM_CORRELATION = 0.3  # Gamma-Gamma holds that what a customer spends says nothing of how often
GRADIENT_TOLERANCE = 1e-5  # of the mean log-likelihood, by logarithms of parameters
LOG_RANGE = float(np.log(1e5))  # how far a parameter may go from its scale
NEARLY = 1e-7


class FitFailed(Exception):
    """No parameters can be told from these customers. `reason` is the short form that the warehouse keeps."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class ModelRefused(FitFailed):
    """The customers contradict the model: an older fit of it would serve them no better."""


@dataclass(frozen=True)
class Histories:
    """Purchase histories and how many customers have each."""

    x: Floats
    t_x: Floats
    T: Floats
    customers: Floats

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> "Histories":
        """From rows of (x, t_x, T, customers)."""
        return cls(*_columns(rows, 4))

    @property
    def repeat_customers(self) -> int:
        return int(self.customers[self.x > 0].sum())


@dataclass(frozen=True)
class Spending:
    """What repeat customers spend: `x` repeat purchase days, `mean` money of such a day, and how many are alike."""

    x: Floats
    mean: Floats
    customers: Floats

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> "Spending":
        """From rows of (x, mean, customers); days without money tell nothing of its law and are left out."""
        x, mean, customers = _columns(rows, 3)
        told = (x > 0) & (mean > 0)
        return cls(x[told], mean[told], customers[told])

    def correlation(self) -> float:
        """Pearson's correlation of frequency and money over the customers; 0 when either does not vary."""
        weights = self.customers / self.customers.sum()
        x, mean = self.x - weights @ self.x, self.mean - weights @ self.mean
        scale = np.sqrt((weights @ x**2) * (weights @ mean**2))
        return float(weights @ (x * mean) / scale) if scale > 0 else 0.0


@dataclass(frozen=True)
class Fit:
    """Parameters of greatest likelihood, by their names in the literature; the log-likelihood is natural."""

    parameters: dict[str, float]
    log_likelihood: float
    customers: int


@dataclass(frozen=True)
class PurchaseModel:
    """BG/NBD or MBG/NBD: they differ in `first_dropout`, whether one may leave with the first purchase already."""

    name: str
    first_dropout: int

    def fit(self, histories: Histories) -> Fit:
        """Parameters r, alpha (in the unit of time of the histories), a and b.

        Raises:
            FitFailed: too few repeat customers, no convergence, or a parameter runs off.
        """
        _require_repeat_customers(histories.repeat_customers)
        time = float(np.average(histories.T, weights=histories.customers)) or 1.0
        return _maximise(
            lambda parameters: self.log_likelihood(histories, *parameters),
            histories.customers,
            names=("r", "alpha", "a", "b"),
            scales=(1.0, time, 1.0, 1.0),
            starts=((1, 1, 1, 1), (0.25, 0.15, 0.8, 2.5), (1, 0.2, 0.5, 5), (3, 2, 0.1, 2)),
        )

    def log_likelihood(
        self, histories: Histories, r: float, alpha: float, a: float, b: float
    ) -> tuple[Floats, list[Floats]]:
        """Log-likelihood of each history, and its derivatives by r, alpha, a and b."""
        from scipy.special import betaln, digamma, gammaln

        x, k = histories.x, self._dropouts(histories.x)
        alive = -(r + x) * np.log(alpha + histories.T)
        gone = self._log_odds_of_drop(k, a, b) - (r + x) * np.log(alpha + histories.t_x)
        base = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + k) - betaln(a, b)
        total = np.logaddexp(alive, gone)
        was_gone = np.exp(gone - total)
        by_b = np.where(k > 0, was_gone / np.where(k > 0, b + k - 1, 1.0), 0.0)
        return base + total, [
            digamma(r + x)
            - digamma(r)
            + np.log(alpha)
            - (1 - was_gone) * np.log(alpha + histories.T)
            - was_gone * np.log(alpha + histories.t_x),
            r / alpha - (1 - was_gone) * (r + x) / (alpha + histories.T) - was_gone * (r + x) / (alpha + histories.t_x),
            digamma(a + b) - digamma(a + b + k) + was_gone / a,
            digamma(a + b) - digamma(a + b + k) + digamma(b + k) - digamma(b) - by_b,
        ]

    def probability_alive(self, histories: Histories, r: float, alpha: float, a: float, b: float) -> Floats:
        """Probability that a customer with each history still is one at T."""
        from scipy.special import expit

        silence = (r + histories.x) * (np.log(alpha + histories.T) - np.log(alpha + histories.t_x))
        return expit(-(self._log_odds_of_drop(self._dropouts(histories.x), a, b) + silence))

    def expected_purchases(
        self, histories: Histories, span: float, r: float, alpha: float, a: float, b: float
    ) -> Floats:
        """Purchase days to expect of a customer with each history in the `span` after T.

        The published form after a transformation of 2F1 (Abramowitz, Stegun 15.3.3 and 15.3.4): its parameters then do
        not all grow with x, for which scipy's value of the published one goes astray or overflows.
        """
        from scipy.special import hyp2f1

        x, k = histories.x, self._dropouts(histories.x)
        a = a if abs(a - 1) > NEARLY else 1 + NEARLY  # the limits at 1 and 0 are finite, the forms are not
        c = a + b + k - 1
        c = np.where(np.abs(c) > NEARLY, c, NEARLY)
        z = span / (alpha + histories.T + span)
        unspent = (1 - z) ** (a - 1) * hyp2f1(c - r - x, a - 1, c, z)
        while_alive = c / (a - 1) * (1 - unspent)
        return while_alive * self.probability_alive(histories, r, alpha, a, b)

    def _dropouts(self, x: Floats) -> Floats:
        """How often a customer who bought on `x` days more could have left."""
        return x + self.first_dropout

    @staticmethod
    def _log_odds_of_drop(k: Floats, a: float, b: float) -> Floats:
        """Log of B(a + 1, b + k − 1) ÷ B(a, b + k), left at the last chance against never left; −∞ without a chance."""
        chance = k > 0
        return np.where(chance, np.log(a) - np.log(np.where(chance, b + k - 1, 1.0)), -np.inf)


BG_NBD = PurchaseModel("bg_nbd", first_dropout=0)
MBG_NBD = PurchaseModel("mbg_nbd", first_dropout=1)
GAMMA_GAMMA = "gamma_gamma"


def fit_gamma_gamma(spending: Spending) -> Fit:
    """Parameters p, q and v (in money) of the Gamma-Gamma model of what a purchase day brings.

    Raises:
        FitFailed: too few customers, no convergence, or a mean that is not finite.
        ModelRefused: what customers spend goes with how often they buy.
    """
    _require_repeat_customers(int(spending.customers.sum()))
    correlation = spending.correlation()
    if abs(correlation) > MAXIMUM_CORRELATION:
        raise ModelRefused(
            "frequency and money are correlated",
            f"by {correlation:.2f}, more than {MAXIMUM_CORRELATION}; the model holds that they are not",
        )
    fit = _maximise(
        lambda parameters: gamma_gamma_log_likelihood(spending, *parameters),
        spending.customers,
        names=("p", "q", "v"),
        scales=(1.0, 1.0, float(np.average(spending.mean, weights=spending.customers))),
        starts=((1, 2, 1), (6, 4, 0.5), (0.5, 6, 5)),
    )
    if fit.parameters["q"] <= 1:
        raise FitFailed("mean is not finite", f"q is {fit.parameters['q']:.4f}, at most 1")
    return fit


def gamma_gamma_log_likelihood(spending: Spending, p: float, q: float, v: float) -> tuple[Floats, list[Floats]]:
    """Log-likelihood of each customer's mean spending, and its derivatives by p, q and v."""
    from scipy.special import digamma, gammaln

    x, mean = spending.x, spending.mean
    shape, total = p * x + q, np.log(x * mean + v)
    logs = (
        gammaln(shape)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - shape * total
    )
    return logs, [
        x * (digamma(shape) - digamma(p * x) + np.log(mean) + np.log(x) - total),
        digamma(shape) - digamma(q) + np.log(v) - total,
        q / v - shape / (x * mean + v),
    ]


def predictions(
    histories: Histories, parameters: Mapping[str, Mapping[str, float]], spans: Sequence[float]
) -> list[Floats]:
    """For BG/NBD, then MBG/NBD: P(alive), then the expected purchase days of each span; NaN for a model not fitted."""
    columns = []
    for model in (BG_NBD, MBG_NBD):
        known = parameters.get(model.name)
        if not known:
            columns += [np.full(len(histories.x), np.nan)] * (1 + len(spans))
            continue
        columns.append(model.probability_alive(histories, **known))
        columns += [model.expected_purchases(histories, span, **known) for span in spans]
    return columns


def _columns(rows: Sequence[Sequence[float]], width: int) -> list[Floats]:
    return list(np.array(rows, dtype=np.float64).reshape(-1, width).T)


def _require_repeat_customers(found: int) -> None:
    if found < MINIMUM_REPEAT_CUSTOMERS:
        raise FitFailed("too few repeat customers", f"{found:,}, at least {MINIMUM_REPEAT_CUSTOMERS} are needed")


def _maximise(
    objective: Objective,
    weights: Floats,
    names: Sequence[str],
    scales: Sequence[float],
    starts: Sequence[Sequence[float]],
) -> Fit:
    """The best of several ascents in the logarithms of the parameters, each relative to its scale."""
    from scipy.optimize import minimize

    count = weights.sum()
    units = np.array(scales)

    def loss(logs: Floats) -> tuple[float, Floats]:
        parameters = units * np.exp(logs)
        values, derivatives = objective(parameters)
        gradient = np.array([weights @ derivative for derivative in derivatives]) * parameters
        return -float(weights @ values) / count, -gradient / count

    tried = [
        minimize(
            loss,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LOG_RANGE, LOG_RANGE)] * len(names),
            options={"maxiter": 1000, "ftol": 1e-15, "gtol": GRADIENT_TOLERANCE / 100},
        )
        for start in starts
    ]
    best = min((result for result in tried if np.isfinite(result.fun)), key=lambda result: result.fun, default=None)
    if best is None:
        raise FitFailed("did not converge", "no start has a finite likelihood")
    off = [name for name, log in zip(names, best.x, strict=True) if abs(log) > LOG_RANGE - 0.01]
    if off:
        raise FitFailed("parameter at its bound", f"{', '.join(off)} ran to the bound of what is looked at")
    # Judged by the slope: at the limit of precision the line search gives up although it stands on the top.
    steepest = float(np.abs(loss(best.x)[1]).max())
    if steepest > GRADIENT_TOLERANCE:
        raise FitFailed("did not converge", f"the slope is still {steepest:.1e}: {best.message}")
    found = units * np.exp(best.x)
    return Fit(dict(zip(names, map(float, found), strict=True)), -float(best.fun) * float(count), int(count))
