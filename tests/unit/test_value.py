"""Customer value models against published fits, and against integrals over the customers they are made of."""

import csv
from importlib.metadata import distribution
from io import StringIO

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import roots_genlaguerre, roots_jacobi
from scipy.stats import beta

from include import value
from include.value import BG_NBD, MBG_NBD, FitFailed, Histories, PurchaseModel, Spending, fit_gamma_gamma, predictions

# CDNOW, 2,357 customers, weeks: Fader, Hardie, Lee (2005); Batislam, Denizel, Filiztekin (2007); Fader, Hardie (2013).
PUBLISHED = {
    "bg_nbd": {"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "v": 15.44},
}
MODELS = pytest.mark.parametrize("model", [BG_NBD, MBG_NBD], ids=lambda model: model.name)


@pytest.fixture(scope="module")
def cdnow() -> list[dict[str, str]]:
    """The customers of CDNOW as the lifetimes package holds them; the package itself is not imported."""
    file = "lifetimes/datasets/cdnow_customers_summary_with_transactions.csv"
    held = distribution("lifetimes").locate_file(file)
    return list(csv.DictReader(StringIO(held.read_text())))


@pytest.fixture(scope="module")
def histories(cdnow: list[dict[str, str]]) -> Histories:
    return Histories.of([(float(row["x"]), float(row["t_x"]), float(row["T"]), 1) for row in cdnow])


@pytest.fixture(scope="module")
def spending(cdnow: list[dict[str, str]]) -> Spending:
    return Spending.of([(float(row["x"]), float(row["zbar"]), 1) for row in cdnow])


def one(x: float, t_x: float, T: float) -> Histories:
    return Histories.of([(x, t_x, T, 1)])


def integrated(
    model: PurchaseModel, history: tuple[float, float, float], span: float, **p: float
) -> tuple[float, float]:
    """P(alive) and expected purchases by integrating over purchase rates and dropout probabilities of customers.

    A customer buys at a rate λ while alive, and leaves with probability ρ after a purchase (with MBG/NBD after the
    first one, too). Of this alone both follow: nothing of the published forms is used.
    """
    x, t_x, T = history
    chances = x + model.first_dropout
    nodes, rate_weights = roots_genlaguerre(120, p["r"] - 1)  # of the gamma density, but for a constant
    rate = (nodes / p["alpha"])[:, None]
    nodes, drop_weights = roots_jacobi(120, p["b"] - 1, p["a"] - 1)  # of the beta density, but for a constant
    rho = (nodes + 1) / 2

    def over(density: np.ndarray) -> float:
        return float(rate_weights @ density @ drop_weights)

    stayed = (1 - rho) ** chances * rate**x * np.exp(-rate * T)
    left = rho * (1 - rho) ** (chances - 1) * rate**x * np.exp(-rate * t_x) if chances else np.zeros_like(stayed)
    bought = -np.expm1(-rate * rho * span) / rho
    either = over(stayed) + over(left)
    return over(stayed) / either, over(stayed * bought) / either


def test_published_fit_of_bg_nbd(histories: Histories) -> None:
    fit = BG_NBD.fit(histories)
    assert fit.parameters == pytest.approx(PUBLISHED["bg_nbd"], abs=6e-5)
    assert fit.log_likelihood == pytest.approx(-9582.43, abs=0.005)
    assert fit.customers == 2357


def test_published_fit_of_mbg_nbd(histories: Histories) -> None:
    assert MBG_NBD.fit(histories).parameters == pytest.approx(PUBLISHED["mbg_nbd"], abs=6e-4)


def test_published_fit_of_gamma_gamma(spending: Spending) -> None:
    fit = fit_gamma_gamma(spending)
    assert fit.parameters == pytest.approx(PUBLISHED["gamma_gamma"], abs=0.01)
    assert fit.customers == 946
    assert spending.correlation() == pytest.approx(0.11, abs=0.005)


def test_the_unit_of_time_changes_alpha_only(histories: Histories) -> None:
    days = Histories(histories.x, histories.t_x * 7, histories.T * 7, histories.customers)
    expected = PUBLISHED["bg_nbd"] | {"alpha": 4.4135 * 7}
    assert BG_NBD.fit(days).parameters == pytest.approx(expected, abs=5e-4)


def test_customers_who_are_alike_count_as_many(histories: Histories, cdnow: list[dict[str, str]]) -> None:
    keys, counts = np.unique(np.array([histories.x, histories.t_x, histories.T]), axis=1, return_counts=True)
    grouped = Histories(*keys, counts.astype(float))
    assert len(grouped.x) < 2357
    fit, every = BG_NBD.fit(grouped), BG_NBD.fit(histories)
    assert fit.parameters == pytest.approx(every.parameters, rel=1e-4)
    assert (fit.log_likelihood, fit.customers) == (pytest.approx(every.log_likelihood), every.customers)


@MODELS
def test_derivatives_are_those_of_the_likelihood(model: PurchaseModel, histories: Histories) -> None:
    at = np.array([0.4, 5.0, 0.7, 2.0])
    _, derivatives = model.log_likelihood(histories, *at)
    numeric = approx_fprime(at, lambda p: model.log_likelihood(histories, *p)[0].sum(), 1e-6)
    assert [derivative.sum() for derivative in derivatives] == pytest.approx(numeric, rel=1e-3, abs=1e-2)


def test_derivatives_of_gamma_gamma_are_those_of_the_likelihood(spending: Spending) -> None:
    at = np.array([5.0, 3.0, 12.0])
    _, derivatives = value.gamma_gamma_log_likelihood(spending, *at)
    numeric = approx_fprime(at, lambda p: value.gamma_gamma_log_likelihood(spending, *p)[0].sum(), 1e-6)
    assert [derivative.sum() for derivative in derivatives] == pytest.approx(numeric, rel=1e-3, abs=1e-2)


@MODELS
@pytest.mark.parametrize("history", [(0, 0, 20.0), (1, 4.0, 30.0), (2, 30.43, 38.86), (6, 10.0, 38.0)])
def test_predictions_are_those_of_the_customers_behind_them(
    model: PurchaseModel, history: tuple[float, float, float]
) -> None:
    parameters = {"r": 1.3, "alpha": 6.0, "a": 1.7, "b": 2.6}
    alive, purchases = integrated(model, history, 39.0, **parameters)
    assert model.probability_alive(one(*history), **parameters)[0] == pytest.approx(alive, rel=1e-4)
    assert model.expected_purchases(one(*history), 39.0, **parameters)[0] == pytest.approx(purchases, rel=1e-4)


@MODELS
def test_predictions_are_what_simulated_customers_then_do(model: PurchaseModel) -> None:
    """With heavy tails (a < 1): customers live, and those of about one history are followed."""
    random = np.random.default_rng(7)
    r, alpha, a, b = 0.8, 6.0, 0.7, 2.0
    T, span, people = 20.0, 30.0, 400_000
    rate, drop = random.gamma(r, 1 / alpha, people), random.beta(a, b, people)
    alive = random.random(people) >= drop if model.first_dropout else np.ones(people, dtype=bool)
    clock, x, t_x, later = np.zeros(people), np.zeros(people), np.zeros(people), np.zeros(people)
    alive_at_T = np.zeros(people, dtype=bool)
    going = alive.copy()
    while going.any():
        who = np.flatnonzero(going)
        before = clock[who] < T
        clock[who] += random.exponential(1 / rate[who])
        passed = before & (clock[who] >= T)
        alive_at_T[who[passed]] = True
        within, after = clock[who] < T, (clock[who] >= T) & (clock[who] < T + span)
        x[who[within]] += 1
        t_x[who[within]] = clock[who[within]]
        later[who[after]] += 1
        going[who] = (clock[who] < T + span) & (random.random(len(who)) >= drop[who])
    for wanted, near in ((0, 0), (1, 12), (3, 15)):
        alike = (x == wanted) & (np.abs(t_x - near) < 1 if wanted else True)
        summary = Histories(x[alike], t_x[alike], np.full(alike.sum(), T), np.ones(alike.sum()))
        error = 4 / np.sqrt(alike.sum())
        assert model.probability_alive(summary, r, alpha, a, b).mean() == pytest.approx(
            alive_at_T[alike].mean(), abs=error * 0.5
        )
        assert model.expected_purchases(summary, span, r, alpha, a, b).mean() == pytest.approx(
            later[alike].mean(), abs=error * later[alike].std()
        )


def test_bg_nbd_calls_every_one_time_buyer_alive_and_mbg_nbd_does_not() -> None:
    old = one(0, 0, 1000)
    assert BG_NBD.probability_alive(old, **PUBLISHED["bg_nbd"])[0] == 1
    assert MBG_NBD.probability_alive(old, **PUBLISHED["mbg_nbd"])[0] < 0.2


@MODELS
@pytest.mark.parametrize("r", [0.05, 5.0])
@pytest.mark.parametrize("alpha", [0.5, 300.0])
@pytest.mark.parametrize("a", [0.02, 1.0, 30.0])
@pytest.mark.parametrize("b", [0.5, 50.0])
def test_predictions_stay_possible_for_any_history(
    model: PurchaseModel, r: float, alpha: float, a: float, b: float
) -> None:
    rows = [
        (x, min(T, x * T / (x + 1.0)), T, 1) for x in (0, 1, 5, 50, 365, 1500) for T in (0, 1, 30, 400, 3650) if x <= T
    ]
    every = Histories.of(rows)
    chance = model.probability_alive(every, r, alpha, a, b)
    short, long = (model.expected_purchases(every, span, r, alpha, a, b) for span in (90, 365))
    assert ((chance >= 0) & (chance <= 1)).all()
    assert np.isfinite(long).all()
    # No more than from a customer who never leaves.
    ceiling = (r + every.x) / (alpha + every.T) * 90
    assert ((short >= 0) & (short <= long + 1e-12) & (short <= ceiling * (1 + 1e-6))).all()


def test_expected_purchases_of_frequent_young_customers() -> None:
    """Where the published form overflows or goes astray: by quadrature over ρ of the purchases while alive."""
    r, alpha, a, b, span = 5.0, 0.5, 2.5, 50.0, 90.0
    for x, T in ((5, 30), (30, 31), (200, 250)):
        density = beta(a, b + x)
        expected = quad(
            lambda u, x=x, T=T, density=density: (
                -np.expm1(-(r + x) * np.log1p(density.ppf(u) * span / (alpha + T))) / density.ppf(u)
            ),
            0,
            1,
            epsrel=1e-9,
            limit=500,
        )[0]
        history = one(x, T, T)
        found = BG_NBD.expected_purchases(history, span, r, alpha, a, b) / BG_NBD.probability_alive(
            history, r, alpha, a, b
        )
        assert found[0] == pytest.approx(expected, rel=1e-5)


def test_planted_parameters_are_found_again() -> None:
    random = np.random.default_rng(3)
    people, r, alpha, a, b = 30_000, 0.9, 36.0, 0.8, 4.0
    rate, drop, T = random.gamma(r, 1 / alpha, people), random.beta(a, b, people), random.uniform(30, 700, people)
    clock, x, t_x = np.zeros(people), np.zeros(people), np.zeros(people)
    going = np.ones(people, dtype=bool)
    while going.any():
        who = np.flatnonzero(going)
        clock[who] += random.exponential(1 / rate[who])
        within = clock[who] < T[who]
        x[who[within]] += 1
        t_x[who[within]] = clock[who[within]]
        going[who] = within & (random.random(len(who)) >= drop[who])
    fit = BG_NBD.fit(Histories(x, t_x, T, np.ones(people)))
    assert fit.parameters == pytest.approx({"r": r, "alpha": alpha, "a": a, "b": b}, rel=0.1)


def test_planted_spending_is_found_again() -> None:
    random = np.random.default_rng(4)
    people, p, q, v = 30_000, 6.0, 4.0, 15.0
    x = random.integers(1, 12, people).astype(float)
    mean = random.gamma(p * x, 1 / (x * random.gamma(q, 1 / v, people)))
    fit = fit_gamma_gamma(Spending(x, mean, np.ones(people)))
    assert fit.parameters == pytest.approx({"p": p, "q": q, "v": v}, rel=0.1)


def test_too_few_repeat_customers_are_not_fitted() -> None:
    rows = [(1, 5, 30 + n, 1) for n in range(29)] + [(0, 0, 30, 500)]
    with pytest.raises(FitFailed, match="29, at least 30") as failed:
        BG_NBD.fit(Histories.of(rows))
    assert failed.value.reason == "too few repeat customers"
    with pytest.raises(FitFailed):
        fit_gamma_gamma(Spending.of([(1, 10 + n, 1) for n in range(29)]))
    with pytest.raises(FitFailed):
        BG_NBD.fit(Histories.of([]))


def test_money_that_goes_with_frequency_is_not_fitted() -> None:
    random = np.random.default_rng(5)
    x = random.integers(1, 20, 500).astype(float)
    with pytest.raises(FitFailed) as failed:
        fit_gamma_gamma(Spending(x, x * 10 + random.random(500), np.ones(500)))
    assert failed.value.reason == "frequency and money are correlated"


def test_spending_of_infinite_mean_is_not_fitted() -> None:
    random = np.random.default_rng(6)
    x = random.integers(1, 5, 5000).astype(float)
    mean = random.gamma(3 * x, 1 / (x * random.gamma(0.7, 1 / 15, 5000)))
    with pytest.raises(FitFailed) as failed:
        fit_gamma_gamma(Spending(x, np.minimum(mean, 1e9), np.ones(5000)))
    assert failed.value.reason in ("mean is not finite", "frequency and money are correlated")


def test_a_parameter_that_runs_off_is_not_a_fit() -> None:
    """All buy equally often and nobody leaves: no dropout and no spread of the rates can be told."""
    rows = [(10, 100, 101, 60)]
    with pytest.raises(FitFailed) as failed:
        BG_NBD.fit(Histories.of(rows))
    assert failed.value.reason == "parameter at its bound"


def test_an_ascent_that_ends_on_a_slope_is_not_a_fit(histories: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value, "GRADIENT_TOLERANCE", 0.0)
    with pytest.raises(FitFailed) as failed:
        BG_NBD.fit(histories)
    assert failed.value.reason == "did not converge"


def test_spending_without_money_or_repeat_is_left_out() -> None:
    spending = Spending.of([(1, 10, 2), (2, 0, 5), (0, 7, 1)])
    assert (list(spending.x), list(spending.customers)) == ([1], [2])
    assert spending.correlation() == 0


def test_a_model_without_parameters_predicts_nothing() -> None:
    columns = predictions(one(1, 5, 30), {"bg_nbd": {"r": 1, "alpha": 10, "a": 1, "b": 2}, "mbg_nbd": {}}, (90, 365))
    assert len(columns) == 6
    assert all(np.isfinite(column).all() for column in columns[:3])
    assert all(np.isnan(column).all() for column in columns[3:])
