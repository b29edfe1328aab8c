"""The refreshes against the local stack: what they leave in schema analytics, when they succeed, fail and run again."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from include import refreshing
from include.config import SNOWFLAKE_DATABASE
from include.warehouse import Warehouse

PARAMETERS = f"{SNOWFLAKE_DATABASE}.analytics.customer_value_parameters"
PREDICTIONS = f"{SNOWFLAKE_DATABASE}.analytics.customer_value_predictions"
STATISTICS = f"{SNOWFLAKE_DATABASE}.analytics.experiment_statistics"
AS_OF = date(2026, 3, 1)
Histories = list[tuple[int, int, int, float | None]]  # x, t_x, T, mean revenue of a repeat purchase day


def customers(seed: int, people: int) -> Histories:
    """Customers of a BG/NBD law, with money of a Gamma-Gamma law."""
    random = np.random.default_rng(seed)
    made: Histories = []
    for _ in range(people):
        rate, drop, observed = random.gamma(0.9, 1 / 36), random.beta(0.8, 4), int(random.integers(30, 400))
        clock, days = 0.0, set()
        while (clock := clock + random.exponential(1 / rate)) < observed:
            days.add(int(clock))
            if random.random() < drop:
                break
        days.discard(0)
        mean = random.gamma(6 * len(days), 1 / (len(days) * random.gamma(4, 1 / 15))) if days else None
        made.append((len(days), max(days, default=0), observed, round(mean, 4) if mean else None))
    return made


def summarised(warehouse: Warehouse, histories: Histories, as_of: date = AS_OF) -> None:
    """The tables that dbt builds, as if it had for these customers."""
    warehouse.execute("create or replace table intermediate.int_data_through (as_of_date date)")
    warehouse.execute("insert into intermediate.int_data_through values (%(day)s)", {"day": as_of})
    warehouse.execute(
        "create or replace table intermediate.int_customer_value_summary (repeat_purchase_days number(18, 0), "
        "purchase_span_days number(18, 0), observed_days number(18, 0), mean_repeat_revenue number(18, 8), "
        "first_purchase_day date, last_purchase_day date)"
    )
    last = as_of - timedelta(1)
    rows = [(x, t_x, T, m, last - timedelta(T), last - timedelta(T - t_x)) for x, t_x, T, m in histories]
    columns = ("repeat_purchase_days", "purchase_span_days", "observed_days", "mean_repeat_revenue")
    warehouse.insert(
        "intermediate.int_customer_value_summary", (*columns, "first_purchase_day", "last_purchase_day"), rows
    )


def held(warehouse: Warehouse, table: str) -> list[tuple[Any, ...]]:
    return sorted(warehouse.execute(f"select * from {table}").fetchall(), key=str)


def fits(warehouse: Warehouse, as_of: date) -> dict[str, tuple[Any, ...]]:
    """Day of the fit in use, whether the newest one converged and why not, by model."""
    query = f"""select model_name, fitted_as_of_date, converged, failure_reason from {PARAMETERS}
        where as_of_date = %(as_of)s"""
    return {row[0]: row[1:] for row in warehouse.execute(query, {"as_of": as_of}).fetchall()}


def test_every_history_is_predicted_and_a_rerun_changes_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "PREDICTIONS_PER_STATEMENT", 100)
    made = customers(1, 400)
    summarised(warehouse, made)
    refreshing.refresh_customer_value(warehouse, "run")
    first = held(warehouse, PARAMETERS), held(warehouse, PREDICTIONS)
    assert fits(warehouse, AS_OF) == dict.fromkeys(("bg_nbd", "mbg_nbd", "gamma_gamma"), (AS_OF, True, None))
    assert sorted(row[1:4] for row in first[1]) == sorted({row[:3] for row in made})
    assert all(0 < row[4] <= 1 and 0 < row[5] < row[6] for row in first[1])
    refreshing.refresh_customer_value(warehouse, "run")
    assert (held(warehouse, PARAMETERS), held(warehouse, PREDICTIONS)) == first


def test_a_fit_that_fails_leaves_the_last_good_one_in_use(warehouse: Warehouse) -> None:
    summarised(warehouse, customers(1, 400))
    refreshing.refresh_customer_value(warehouse, "run")
    good = {row[0]: row[2:11] for row in held(warehouse, PARAMETERS)}
    tomorrow = AS_OF + timedelta(1)
    few = [row for row in customers(2, 400) if row[0] > 0][:20]
    summarised(warehouse, few, tomorrow)
    refreshing.refresh_customer_value(warehouse, "next run")
    assert fits(warehouse, tomorrow) == dict.fromkeys(good, (AS_OF, False, "too few repeat customers"))
    assert {row[0]: row[2:11] for row in held(warehouse, PARAMETERS) if row[1] == tomorrow} == good
    assert sorted(row[1:4] for row in held(warehouse, PREDICTIONS)) == sorted({row[:3] for row in few})
    assert all(row[0] == tomorrow and row[5] is not None for row in held(warehouse, PREDICTIONS))


def test_a_model_that_does_not_hold_is_not_used_with_an_older_fit(warehouse: Warehouse) -> None:
    made = customers(1, 400)
    summarised(warehouse, made)
    refreshing.refresh_customer_value(warehouse, "run")
    summarised(warehouse, [(x, t_x, T, 10.0 * x if x else None) for x, t_x, T, _ in made], AS_OF + timedelta(1))
    refreshing.refresh_customer_value(warehouse, "next run")
    found = fits(warehouse, AS_OF + timedelta(1))
    assert found["gamma_gamma"] == (None, False, "frequency and money are correlated")
    assert found["bg_nbd"] == (AS_OF + timedelta(1), True, None)


def test_a_later_fit_is_not_used_for_an_earlier_day(warehouse: Warehouse) -> None:
    summarised(warehouse, customers(1, 400), AS_OF + timedelta(1))
    refreshing.refresh_customer_value(warehouse, "run")
    summarised(warehouse, customers(2, 20))
    refreshing.refresh_customer_value(warehouse, "earlier day")
    assert {row[0] for row in fits(warehouse, AS_OF).values()} == {None}


def test_a_shop_too_small_is_not_predicted(warehouse: Warehouse) -> None:
    summarised(warehouse, [(0, 0, 10, None), (1, 3, 9, 5.0)])
    refreshing.refresh_customer_value(warehouse, "run")
    assert fits(warehouse, AS_OF)["bg_nbd"] == (None, False, "too few repeat customers")
    assert [row[4:] for row in held(warehouse, PREDICTIONS)] == [(None,) * 6] * 2


def test_a_refresh_that_breaks_off_changes_nothing(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    summarised(warehouse, customers(1, 400))
    refreshing.refresh_customer_value(warehouse, "run")
    before = held(warehouse, PARAMETERS), held(warehouse, PREDICTIONS)
    summarised(warehouse, customers(2, 400))

    def broken(*_: Any) -> str:
        raise ConnectionError

    monkeypatch.setattr(refreshing, "_as_json", broken)
    with pytest.raises(ConnectionError):
        refreshing.refresh_customer_value(warehouse, "broken run")
    assert (held(warehouse, PARAMETERS), held(warehouse, PREDICTIONS)) == before


def test_experiments_are_evaluated_anew(warehouse: Warehouse) -> None:
    warehouse.execute("create or replace table intermediate.int_data_through (as_of_date date)")
    warehouse.execute("insert into intermediate.int_data_through values (%(day)s)", {"day": AS_OF})
    columns = (
        "experiment_id",
        "experiment_variant",
        "is_control",
        "assigned_count",
        "unit_count",
        "conversion_count",
        "purchase_revenue",
        "purchase_revenue_squares",
    )
    warehouse.execute(
        "create or replace table intermediate.int_experiment_arms (experiment_id varchar, experiment_variant varchar, "
        "is_control boolean, assigned_count number(18, 0), unit_count number(18, 0), conversion_count number(18, 0), "
        "purchase_revenue number(18, 4), purchase_revenue_squares number(38, 8))"
    )
    rows = [
        ("X", "control", True, 1390, 1390, 110, "1100.5000", "12000.25000000"),
        ("Y", "control", True, 988, 988, 90, "900", "9000"),
        ("Y", "treatment", False, 686, 686, 110, "1100", "11000"),
        ("X", "treatment", False, 1392, 1392, 146, "1460", "15000"),
    ]
    warehouse.insert("intermediate.int_experiment_arms", columns, rows)
    refreshing.refresh_experiments(warehouse)
    first = held(warehouse, STATISTICS)
    assert [(row[1], row[2], row[4], row[11] is None) for row in first] == [
        ("X", "treatment", "better than control", False),
        ("Y", "treatment", "no verdict: sample ratio mismatch", True),
    ]
    refreshing.refresh_experiments(warehouse)
    assert held(warehouse, STATISTICS) == first
    warehouse.execute("delete from intermediate.int_experiment_arms where experiment_id = 'Y'")
    refreshing.refresh_experiments(warehouse)
    assert held(warehouse, STATISTICS) == first[:1]
