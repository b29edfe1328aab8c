"""The eight paths that were asked for, as a client calls them: each parameter has its effect, or is refused."""

from decimal import Decimal
from typing import Any

import pytest
import requests

DAYS = "start_date=2026-06-01&end_date=2026-06-20"
ASKED = [
    f"/api/v1/analytics/summary?{DAYS}",
    f"/api/v1/customers/rfm?segment=Champions&{DAYS}&customer_id=C000032&limit=5",
    f"/api/v1/customers/segments?segment=Champions&{DAYS}",
    f"/api/v1/conversion/funnel?{DAYS}",
    "/api/v1/products/affinity?min_support=0.01&limit=5",
    f"/api/v1/cohorts/retention?{DAYS}",
    f"/api/v1/customers/behavior?customer_id=C000032&segment=Champions&{DAYS}&limit=5",
    f"/api/v1/metrics/kpis?{DAYS}&limit=5",
]
RFM, BEHAVIOR = "/api/v1/customers/rfm", "/api/v1/customers/behavior"


@pytest.fixture(scope="module")
def get(address, api):
    """The answer to a path, written out whole."""

    def ask(path: str) -> requests.Response:
        return requests.get(address + path, headers={"Authorization": f"Bearer {api.key}"}, timeout=60)

    return ask


@pytest.fixture(scope="module")
def data(get):
    """The data of a good answer to a path."""

    def of(path: str) -> Any:
        answer = get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    return of


@pytest.mark.parametrize("path", ASKED)
def test_the_path_answers_with_all_of_its_parameters(get, path):
    answer = get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["data_through"] == "2026-06-30"


@pytest.mark.parametrize("path", [path.split("?")[0] for path in ASKED])
def test_the_path_needs_no_parameter(data, path):
    assert data(path)


@pytest.mark.parametrize("path", [path for path in ASKED if "start_date" in path])
@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("start_date=2026-06-31", "start_date"),
        ("end_date=tomorrow", "end_date"),
        ("start_date=2026-06-02&end_date=2026-06-01", "end_date"),
    ],
)
def test_dates_that_are_none_are_refused(get, path, question, named):
    assert_refused(get(f"{path.split('?')[0]}?{question}"), named)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{RFM}?segment=", "segment"),
        (f"{RFM}?customer_id=", "customer_id"),
        (f"{RFM}?limit=0", "limit"),
        ("/api/v1/customers/segments?segment=", "segment"),
        (f"{BEHAVIOR}?customer_id=", "customer_id"),
        (f"{BEHAVIOR}?segment=", "segment"),
        (f"{BEHAVIOR}?limit=1001", "limit"),
        ("/api/v1/products/affinity?min_support=2", "min_support"),
        ("/api/v1/products/affinity?limit=many", "limit"),
        ("/api/v1/metrics/kpis?limit=-1", "limit"),
        ("/api/v1/analytics/summary?segment=Champions", "segment"),
    ],
)
def test_a_parameter_that_is_none_is_refused(get, path, named):
    assert_refused(get(path), named)


def assert_refused(answer, named):
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in {fault["parameter"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize(
    "path",
    [path.split("?")[0].replace("/api/v1/", "/api/v1/analytics/") for path in ASKED[1:]]
    + ["/api/v1/summary", "/api/v1", "/api/v1/", "/api/v10/customers/rfm"],
)
def test_they_stand_nowhere_else(get, path):
    assert get(path).status_code == 404


def test_dates_of_the_summary(data, sql):
    [day] = sql("select * from marts.agg_daily_kpis where date_day = '2026-06-10'")
    shown = data("/api/v1/analytics/summary?start_date=2026-06-10&end_date=2026-06-10")["current"]
    assert (shown["day_count"], Decimal(shown["gross_revenue"])) == (1, day["gross_revenue"])


def test_dates_and_limit_of_the_key_figures(data):
    path = "/api/v1/metrics/kpis?start_date=2026-06-10&end_date=2026-06-12"
    assert [row["period_start"] for row in data(path)] == ["2026-06-10", "2026-06-11", "2026-06-12"]
    assert [row["period_start"] for row in data(f"{path}&limit=2")] == ["2026-06-10", "2026-06-11"]


def test_dates_of_the_funnel(data, sql):
    [held] = sql("select count(*) as n from marts.fct_sessions where session_day = '2026-06-10'")
    [part] = data("/api/v1/conversion/funnel?start_date=2026-06-10&end_date=2026-06-10")
    assert part["stages"][0]["session_count"] == held["n"] > 0


def test_dates_of_the_cohorts(data):
    shown = data("/api/v1/cohorts/retention?start_date=2026-05-01&end_date=2026-05-31")
    assert [cohort["cohort_month"] for cohort in shown] == ["2026-05-01"]


def test_support_and_limit_of_products_bought_together(data, sql):
    [held] = sql("select count(*) as n from marts.product_affinity where support >= 0.015")
    shown = data("/api/v1/products/affinity?min_support=0.015&limit=1000")
    assert len(shown) == held["n"] > 0
    assert all(row["support"] >= 0.015 for row in shown)
    assert len(data("/api/v1/products/affinity?limit=1000")) > len(shown)
    assert data("/api/v1/products/affinity?min_support=0.015&limit=2") == shown[:2]


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("segment=Champions", "segment = 'Champions'"),
        ("start_date=2026-06-10", "last_order_day >= '2026-06-10'"),
        ("end_date=2026-06-10", "last_order_day <= '2026-06-10'"),
        ("customer_id=C000032", "customer_key = 'C000032'"),
        (
            "segment=Champions&start_date=2026-06-01&end_date=2026-06-29",
            "segment = 'Champions' and last_order_day between '2026-06-01' and '2026-06-29'",
        ),
        ("segment=Champions&customer_id=C999999", "false"),
    ],
)
def test_which_customers_have_rfm_scores_shown(data, sql, question, condition):
    held = sql(f"select customer_key from marts.rfm_analysis where {condition} order by 1")
    assert sorted(row["customer_key"] for row in data(f"{RFM}?limit=1000&{question}")) == [
        row["customer_key"] for row in held
    ]
    assert bool(held) == (condition != "false")


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("customer_id=C000032", "customer_key = 'C000032'"),
        (
            "segment=Champions",
            "customer_key in (select customer_key from marts.rfm_analysis where segment = 'Champions')",
        ),
        ("start_date=2026-06-20", "{day} >= '2026-06-20'"),
        ("end_date=2026-06-20", "{day} <= '2026-06-20'"),
        ("start_date=2026-06-20&end_date=2026-06-20", "{day} = '2026-06-20'"),
        ("segment=Champions&customer_id=C999999", "false"),
    ],
)
def test_which_customers_have_their_behavior_shown(data, sql, question, condition):
    """Days of the last activity are those of the store, which is not in UTC."""
    day = "convert_timezone('UTC', 'Europe/London', last_activity_at)::date"
    held = sql(f"select customer_key from marts.customer_behavior where {condition.format(day=day)} order by 1")
    assert sorted(row["customer_key"] for row in data(f"{BEHAVIOR}?limit=1000&{question}")) == [
        row["customer_key"] for row in held
    ]
    assert bool(held) == (condition != "false")


@pytest.mark.parametrize("path", [RFM, BEHAVIOR])
def test_how_many_customers_are_shown(data, path):
    assert data(f"{path}?limit=3") == data(f"{path}?limit=1000")[:3]


def test_one_segment_keeps_its_share_of_all(data):
    whole, one = data("/api/v1/customers/segments"), data("/api/v1/customers/segments?segment=Champions")
    assert one["segments"] == [row for row in whole["segments"] if row["segment"] == "Champions"]
    assert one["history"] == [row for row in whole["history"] if row["segment"] == "Champions"]
    [champions] = one["segments"]
    assert 0 < champions["customer_share"] < 1
    assert sum(cell["customer_count"] for cell in one["grid"]) == champions["customer_count"]


@pytest.mark.parametrize(
    ("question", "month_ends"),
    [
        ("start_date=2026-05-01", ["2026-05-31", "2026-06-30"]),
        ("start_date=2026-05-01&end_date=2026-05-31", ["2026-05-31"]),
        ("end_date=2026-05-31", ["2026-04-30", "2026-05-31"]),
        ("end_date=2026-06-29&months=1", ["2026-05-31"]),
        ("start_date=2026-05-01&months=0", ["2026-05-31", "2026-06-30"]),
        ("start_date=2026-06-01&end_date=2026-06-29", []),
    ],
)
def test_dates_of_the_segments_history(data, question, month_ends):
    history = data(f"/api/v1/customers/segments?{question}")["history"]
    assert sorted({row["month_end"] for row in history}) == month_ends


def test_what_is_asked_for_is_no_customer(get):
    """A path of its own goes before a customer of that name, who has none."""
    assert isinstance(get("/api/v1/customers/rfm").json()["data"], list)
    assert get("/api/v1/customers/C000032").json()["data"]["profile"]["customer_key"] == "C000032"
    assert get("/api/v1/customers/nobody").status_code == 404
