"""The refreshes that dbt cannot do alone: fit the customer value models, evaluate the experiments.

Each reads small aggregates that dbt built and writes schema `analytics`, from which dbt builds the marts. Everything is
as of the warehouse's as-of day, and running a refresh again leaves what it wrote before.
"""

import logging
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from include.config import SNOWFLAKE_DATABASE

if TYPE_CHECKING:
    from include.experiments import Arm, Comparison, Difference
    from include.value import Fit, Floats, Histories
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

SPANS = (90, 365)  # days after the last observed one
PREDICTIONS_PER_STATEMENT = 5_000  # about half of the megabyte that Snowflake allows a statement
SIGNIFICANT_DIGITS = 12
PARAMETERS = ("r", "alpha", "a", "b", "p", "q", "v")
FIT_COLUMNS = (*PARAMETERS, "log_likelihood", "customer_count", "first_day", "last_day", "fitted_as_of_date")
STATISTICS_COLUMNS = (
    "as_of_date",
    "experiment_id",
    "experiment_variant",
    "control_variant",
    "verdict",
    "split_chi_square",
    "split_p_value",
    "conversion_difference",
    "conversion_difference_low",
    "conversion_difference_high",
    "conversion_z",
    "conversion_p_value",
    "conversion_lift",
    "conversion_lift_low",
    "conversion_lift_high",
    "revenue_difference",
    "revenue_difference_low",
    "revenue_difference_high",
    "revenue_t",
    "revenue_degrees_of_freedom",
    "revenue_p_value",
    "revenue_lift",
)


@task
def fit_customer_value() -> None:
    """Fit BG/NBD, MBG/NBD and Gamma-Gamma and predict; a fit that fails leaves the last good one in use."""
    from include.warehouse import open_warehouse

    with open_warehouse("fit_customer_value") as warehouse:
        refresh_customer_value(warehouse, get_current_context()["dag_run"].run_id)


@task
def evaluate_experiments() -> None:
    """Test every experiment's split, conversion and revenue from the sums of its arms."""
    from include.warehouse import open_warehouse

    with open_warehouse("evaluate_experiments") as warehouse:
        refresh_experiments(warehouse)


def refresh_customer_value(warehouse: "Warehouse", run_id: str) -> None:
    """Fit the three models on int_customer_value_summary and replace the predictions, in one transaction."""
    from include.value import (
        BG_NBD,
        GAMMA_GAMMA,
        MBG_NBD,
        FitFailed,
        Histories,
        ModelRefused,
        Spending,
        fit_gamma_gamma,
    )

    as_of = _as_of_date(warehouse)
    if as_of is None:
        log.info("No source has published yet: there is nothing to fit")
        return
    histories = Histories.of(warehouse.rows("refresh/purchase_histories.sql"))
    spending = Spending.of(warehouse.rows("refresh/repeat_spending.sql"))
    window = warehouse.rows("refresh/data_window.sql")[0]
    log.info(
        "%s customers with %s different purchase histories, %s of them bought again",
        f"{int(histories.customers.sum()):,}",
        f"{len(histories.x):,}",
        f"{histories.repeat_customers:,}",
    )
    in_use = {}
    fits = {
        BG_NBD.name: lambda: BG_NBD.fit(histories),
        MBG_NBD.name: lambda: MBG_NBD.fit(histories),
        GAMMA_GAMMA: lambda: fit_gamma_gamma(spending),
    }
    with warehouse.transaction():
        for model, fit in fits.items():
            try:
                fitted = _fitted(fit(), window, as_of)
                failure = None
            except FitFailed as error:
                refused = isinstance(error, ModelRefused)
                fitted = dict.fromkeys(FIT_COLUMNS) if refused else _last_good(warehouse, model, as_of)
                failure = error
            _tell(model, fitted, failure)
            _record(warehouse, model, as_of, fitted, failure.reason if failure else None, run_id)
            in_use[model] = {name: fitted[name] for name in PARAMETERS if fitted[name] is not None}
        _replace_predictions(warehouse, as_of, histories, in_use)


def refresh_experiments(warehouse: "Warehouse") -> None:
    """Evaluate every experiment of int_experiment_arms and replace analytics.experiment_statistics."""
    from itertools import groupby

    from include.experiments import evaluate

    as_of = _as_of_date(warehouse)
    arms = _arms(warehouse)
    comparisons: list[Comparison] = []
    for experiment_id, group in groupby(arms, key=lambda arm: arm.experiment_id):
        found = evaluate(list(group))
        for comparison in found:
            log.info("%s · %s: %s", experiment_id, comparison.variant, comparison.verdict)
        if not found:
            log.info("%s has one arm only: nothing to compare", experiment_id)
        comparisons += found
    with warehouse.transaction():
        warehouse.run("refresh/delete_experiment_statistics.sql", database=SNOWFLAKE_DATABASE)
        warehouse.insert(
            f"{SNOWFLAKE_DATABASE}.analytics.experiment_statistics",
            STATISTICS_COLUMNS,
            [_statistics_row(as_of, comparison) for comparison in comparisons],
        )


def _as_of_date(warehouse: "Warehouse") -> date | None:
    [(as_of,)] = warehouse.rows("refresh/as_of_date.sql")
    return as_of


def _fitted(fit: "Fit", window: tuple[date, date], as_of: date) -> dict[str, Any]:
    return dict.fromkeys(PARAMETERS) | {
        **fit.parameters,
        "log_likelihood": fit.log_likelihood,
        "customer_count": fit.customers,
        "first_day": window[0],
        "last_day": window[1],
        "fitted_as_of_date": as_of,
    }


def _last_good(warehouse: "Warehouse", model: str, as_of: date) -> dict[str, Any]:
    """The newest fit that may be used, all of its columns null if there never was one."""
    held = warehouse.rows(
        "refresh/last_good_fit.sql", {"model_name": model, "as_of_date": as_of}, database=SNOWFLAKE_DATABASE
    )
    return dict(zip(FIT_COLUMNS, held[0], strict=True)) if held else dict.fromkeys(FIT_COLUMNS)


def _record(
    warehouse: "Warehouse", model: str, as_of: date, fitted: dict[str, Any], failure: str | None, run_id: str
) -> None:
    outcome = {
        "model_name": model,
        "as_of_date": as_of,
        "converged": failure is None,
        "failure_reason": failure,
        "run_id": run_id,
    }
    warehouse.run("refresh/record_fit.sql", fitted | outcome, database=SNOWFLAKE_DATABASE)


def _tell(model: str, fitted: dict[str, Any], failure: Exception | None) -> None:
    told = ", ".join(f"{name} {fitted[name]:.4f}" for name in PARAMETERS if fitted[name] is not None)
    if failure is None:
        log.info("%s: %s; log-likelihood %.2f", model, told, fitted["log_likelihood"])
    elif fitted["fitted_as_of_date"] is None:
        log.warning("%s: %s. Nothing is predicted with this model", model, failure)
    else:
        log.warning("%s: %s. The fit of %s stays in use: %s", model, failure, fitted["fitted_as_of_date"], told)


def _replace_predictions(
    warehouse: "Warehouse", as_of: date, histories: "Histories", in_use: dict[str, dict[str, float]]
) -> None:
    from include.value import predictions

    columns = predictions(histories, in_use, SPANS)
    warehouse.run("refresh/delete_predictions.sql", database=SNOWFLAKE_DATABASE)
    for begin in range(0, len(histories.x), PREDICTIONS_PER_STATEMENT):
        part = slice(begin, begin + PREDICTIONS_PER_STATEMENT)
        keys = (histories.x[part], histories.t_x[part], histories.T[part])
        rows = _as_json(keys, [column[part] for column in columns])
        warehouse.run(
            "refresh/insert_predictions.sql", {"as_of_date": as_of, "rows": rows}, database=SNOWFLAKE_DATABASE
        )


def _as_json(keys: Sequence["Floats"], values: Sequence["Floats"]) -> str:
    """Rows as a JSON array of arrays: whole numbers, then measures; what is not a number becomes null."""
    import json
    from math import isfinite

    return json.dumps(
        [
            [*map(int, key), *(float(f"{v:.{SIGNIFICANT_DIGITS}g}") if isfinite(v) else None for v in measures)]
            for key, measures in zip(zip(*keys, strict=True), zip(*values, strict=True), strict=True)
        ],
        separators=(",", ":"),
    )


def _arms(warehouse: "Warehouse") -> list["Arm"]:
    from include.experiments import Arm

    return [Arm(*row) for row in warehouse.rows("refresh/experiment_arms.sql")]


def _statistics_row(as_of: date | None, comparison: "Comparison") -> list[Any]:
    revenue = _tested(comparison.revenue)
    return [
        as_of,
        comparison.experiment_id,
        comparison.variant,
        comparison.control,
        comparison.verdict,
        comparison.split_chi_square,
        comparison.split_p_value,
        *_tested(comparison.conversion),
        comparison.conversion_lift,
        comparison.conversion_lift_low,
        comparison.conversion_lift_high,
        *revenue[:4],
        comparison.revenue_degrees_of_freedom,
        *revenue[4:],
        comparison.revenue_lift,
    ]


def _tested(difference: "Difference | None") -> list[float | None]:
    if difference is None:
        return [None] * 5
    return [difference.difference, difference.low, difference.high, difference.statistic, difference.p_value]
