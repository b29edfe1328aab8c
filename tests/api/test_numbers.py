"""Every operation answers what SQL on the marts says, to the cent."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from plugins.analytics.parts import select_lists
from plugins.analytics.routes.customers import SEGMENT_PARTS
from tests.api.conftest import Client

START, END = "2026-05-10", "2026-06-20"
MAY_20, JUNE_17 = "2026-05-20", "2026-06-17"
SPAN = {"start_date": START, "end_date": END}


def matches(answered: Any, held: Any) -> bool:
    """Whether a JSON value says what the warehouse holds."""
    if isinstance(answered, str) and isinstance(held, Decimal):
        return Decimal(answered) == held and answered[-5] == "."
    if isinstance(answered, float):
        return answered == pytest.approx(float(held), rel=1e-12, abs=1e-9)
    if hasattr(held, "isoformat") and isinstance(answered, str):
        return answered.removesuffix("Z") == held.isoformat()
    return answered == held


def assert_same(answered: list[dict[str, Any]], held: list[dict[str, Any]]) -> None:
    """Every field of every answered row is that of the warehouse's row; the warehouse may hold more fields."""
    assert len(answered) == len(held)
    assert answered, "no row was compared"
    wrong = [
        f"row {number}, {name}: {value!r} is not {row[name]!r}"
        for number, (shown, row) in enumerate(zip(answered, held, strict=True))
        for name, value in shown.items()
        if not matches(value, row[name])
    ]
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.parametrize(
    ("grain", "period", "mart"),
    [
        ("day", "date_day", "agg_daily_kpis"),
        ("week", "week_start", "agg_weekly_kpis"),
        ("month", "month_start", "agg_monthly_kpis"),
    ],
)
@pytest.mark.parametrize("path", ["/metrics/kpis", "/revenue"])
def test_periods(api, sql, path, grain, period, mart):
    held = sql(
        f"select {period} as period_start, * from marts.{mart} "
        f"where {period} between date_trunc('{grain}', '{START}'::date) and '{END}' order by 1"
    )
    assert_same(api.data(path, grain=grain, **SPAN), held)


def test_summary(api, sql):
    data = api.data("/analytics/summary", **SPAN)
    for shown, start, end in ((data["current"], START, END), (data["previous"], "2026-03-29", "2026-05-09")):
        if shown is None:
            continue
        [held] = sql(f"""
            select
                count(*) as day_count,
                sum(gross_revenue) as gross_revenue, sum(discount_amount) as discount_amount,
                sum(refund_amount) as refund_amount, sum(net_revenue) as net_revenue,
                sum(new_revenue) as new_revenue, sum(returning_revenue) as returning_revenue,
                sum(unknown_revenue) as unknown_revenue, sum(order_count) as order_count,
                sum(unit_count) as unit_count, sum(refund_count) as refund_count,
                (select count(distinct customer_key) from marts.fct_orders
                    where is_valid and customer_key != 'unknown' and order_day between '{start}' and '{end}')
                    as customer_count,
                sum(new_customer_count) as new_customer_count, sum(session_count) as session_count,
                sum(cart_count) as cart_count,
                (sum(gross_revenue) / sum(order_count))::number(18, 4) as average_order_value,
                sum(converted_session_count)::float / sum(session_count) as conversion_rate,
                sum(abandoned_cart_count)::float / (sum(cart_count) - sum(open_cart_count)) as cart_abandonment_rate
            from marts.agg_daily_kpis where date_day between '{start}' and '{end}'
        """)
        rates = {name for name in shown if name.endswith("_rate")}
        assert_same([{name: value for name, value in shown.items() if name not in rates}], [held])
        assert all(shown[name] == pytest.approx(held[name], abs=1e-8) for name in rates)
        assert shown["order_count"] > 0


def test_a_summary_is_compared_with_whole_spans_only(api):
    """The shop begins on 17 April: the 15 days before May are there, the 42 days before 10 May are not."""
    whole = api.data("/analytics/summary", start_date="2026-05-05", end_date="2026-05-10")
    assert whole["previous"]["day_count"] == 6
    now, before = (Decimal(whole[name]["gross_revenue"]) for name in ("current", "previous"))
    assert whole["change"]["gross_revenue"] == pytest.approx(float((now - before) / before), abs=1e-8)
    part = api.data("/analytics/summary", **SPAN)
    assert part["previous"] is None
    assert set(part["change"].values()) == {None}


def test_a_summary_is_compared_up_to_the_last_day_that_is_held(api):
    """Half of the span is still to come: its days so far are compared with as many before."""
    held, reaching = (
        api.get("/analytics/summary", start_date="2026-06-16", end_date=end).json()
        for end in ("2026-06-30", "2026-07-15")
    )
    assert reaching == held
    assert reaching["data"]["previous"]["day_count"] == reaching["data"]["current"]["day_count"] == 15
    assert reaching["data"]["change"]["gross_revenue"] is not None
    assert (held["meta"]["start_date"], held["meta"]["end_date"]) == ("2026-06-16", "2026-06-30")


@pytest.mark.parametrize("span", [{"start_date": "2026-07-01"}, {"start_date": "2026-07-01", "end_date": "2026-07-30"}])
def test_a_summary_of_days_to_come_is_compared_with_nothing(api, span):
    answer = api.get("/analytics/summary", **span).json()
    assert (answer["data"]["current"]["day_count"], answer["data"]["previous"]) == (0, None)
    assert set(answer["data"]["change"].values()) == {None}
    assert (answer["meta"]["start_date"], answer["meta"]["end_date"]) == (None, None)


@pytest.mark.parametrize(
    ("path", "parameters", "covered"),
    [
        ("/categories", {"start_date": "2026-05-15", "end_date": "2026-05-20"}, ("2026-05-01", "2026-05-31")),
        ("/categories", {"start_date": "2026-06-15", "end_date": "2026-09-20"}, ("2026-06-01", "2026-06-30")),
        ("/products/performance", {"start_date": "2026-04-30", "end_date": "2026-05-01"}, ("2026-04-01", "2026-05-31")),
        ("/cohorts/retention", {"start_date": "2026-05-15", "end_date": "2026-05-20"}, ("2026-05-01", "2026-05-31")),
        ("/revenue", {"grain": "month", "start_date": "2026-05-15", "end_date": MAY_20}, ("2026-05-01", "2026-05-31")),
        ("/revenue", {"grain": "week", "start_date": JUNE_17, "end_date": JUNE_17}, ("2026-06-15", "2026-06-21")),
        ("/metrics/kpis", {"grain": "week", "start_date": "2026-06-24"}, ("2026-06-22", "2026-06-30")),
        ("/revenue", {"start_date": "2026-06-15", "end_date": "2026-07-20"}, ("2026-06-15", "2026-06-30")),
        ("/conversion/funnel", {"start_date": "2026-06-15", "end_date": "2026-07-20"}, ("2026-06-15", "2026-06-30")),
    ],
)  # fmt: skip
def test_meta_names_the_days_that_are_covered(api, path, parameters, covered):
    """Whole periods, up to the last day that is held."""
    meta = api.get(path, **parameters).json()["meta"]
    assert (meta["start_date"], meta["end_date"]) == covered


def test_a_span_without_days_is_empty_and_not_wrong(api):
    data = api.data("/analytics/summary", start_date="2001-01-01", end_date="2001-01-31")
    assert (data["current"]["gross_revenue"], data["current"]["average_order_value"]) == ("0.0000", None)
    assert api.data("/revenue", start_date="2001-01-01", end_date="2001-01-31") == []
    assert api.data("/conversion/funnel", start_date="2001-01-01", end_date="2001-01-31") == []


def test_the_default_span_is_the_last_30_days(api):
    answer = api.get("/revenue").json()
    assert (answer["meta"]["start_date"], answer["meta"]["end_date"]) == ("2026-06-01", "2026-06-30")
    assert len(answer["data"]) == 30


def test_meta_tells_the_build(api, sql):
    [build] = sql("select * from audit.builds order by build_number desc limit 1")
    meta = api.get("/analytics/summary").json()["meta"]
    assert meta["build_id"] == build["build_number"]
    assert meta["data_through"] == str(build["data_through"]) == "2026-06-30"
    assert meta["built_at"].startswith(build["finished_at"].isoformat()[:19])
    assert (meta["currency"], meta["time_zone"]) == ("GBP", "Europe/London")


@pytest.mark.parametrize(("split", "dimension"), [("none", "overall"), ("device", "device"), ("channel", "channel")])
def test_funnel_over_all_days_is_the_mart(api, sql, split, dimension):
    shown = api.data("/conversion/funnel", split_by=split, start_date="2020-01-01", end_date="2030-01-01")
    stages = [{"dimension_value": part["split_value"], **stage} for part in shown for stage in part["stages"]]
    held = sql(f"""
        select * from marts.conversion_funnel where dimension = '{dimension}' order by dimension_value, stage_number
    """)
    assert_same(stages, held)


def test_funnel_of_days_and_of_a_device(api, sql):
    shown = api.data("/conversion/funnel", split_by="day", **SPAN)
    held = sql(f"""
        select * from marts.conversion_funnel
        where dimension = 'day' and dimension_value between '{START}' and '{END}'
        order by dimension_value, stage_number
    """)
    stages = [{"dimension_value": part["split_value"], **stage} for part in shown for stage in part["stages"]]
    assert_same(stages, held)
    [mobile] = api.data("/conversion/funnel", device="mobile", **SPAN)
    [count] = sql(f"""
        select count(*) as sessions from marts.fct_sessions
        where device_category = 'mobile' and session_day between '{START}' and '{END}'
    """)
    assert mobile["stages"][0]["session_count"] == count["sessions"] > 0


def test_carts(api, sql):
    shown = api.data("/carts/abandonment", split_by="channel", device="mobile", **SPAN)
    held = sql(f"""
        select
            channel as split_value,
            sum(cart_count) as cart_count, sum(bought_cart_count) as bought_cart_count,
            sum(abandoned_cart_count) as abandoned_cart_count, sum(open_cart_count) as open_cart_count,
            sum(recovered_cart_count) as recovered_cart_count,
            sum(recovery_pending_cart_count) as recovery_pending_cart_count, sum(lost_cart_count) as lost_cart_count,
            sum(cart_value) as cart_value, sum(abandoned_value) as abandoned_value,
            sum(recovered_value) as recovered_value, sum(lost_value) as lost_value
        from marts.cart_abandonment
        where device_category = 'mobile' and cart_day between '{START}' and '{END}'
        group by channel order by channel
    """)
    rates = [{name: row.pop(name) for name in ("abandonment_rate", "recovery_rate")} for row in shown]
    assert_same(shown, held)
    for row, rate in zip(held, rates, strict=True):
        closed = row["cart_count"] - row["open_cart_count"]
        assert rate["abandonment_rate"] == pytest.approx(row["abandoned_cart_count"] / closed, abs=1e-8)
        recovered = row["recovered_cart_count"] / row["abandoned_cart_count"] if row["abandoned_cart_count"] else None
        assert rate["recovery_rate"] == (
            None
            if row["recovery_pending_cart_count"] or recovered is None
            else pytest.approx(float(recovered), abs=1e-8)
        )


def test_experiments(api, sql):
    shown = [variant for each in api.data("/experiments") for variant in each["variants"]]
    held = sql("select * from marts.experiment_results order by experiment_id, is_control desc, experiment_variant")
    assert_same(shown, held)
    name = held[0]["experiment_id"]
    assert [each["experiment_id"] for each in api.data("/experiments", experiment_id=name)] == [name]
    assert api.data("/experiments", experiment_id="none such") == []


@pytest.mark.parametrize(
    ("path", "parameters", "query"),
    [
        ("/customers/rfm", {}, "rfm_analysis order by monetary desc, customer_key"),
        (
            "/customers/rfm",
            {"segment": "Champions", "sort": "recency_days", "order": "asc"},
            "rfm_analysis where segment = 'Champions' order by recency_days, customer_key",
        ),
        (
            "/customers/rfm",
            SPAN,
            f"rfm_analysis where last_order_day between '{START}' and '{END}' order by monetary desc, customer_key",
        ),
        ("/customers/top", {"limit": 7}, "mart_top_customers order by customer_rank limit 7"),
        (
            "/customers/churn",
            {"risk_class": "low"},
            "churn_risk where risk_class = 'low' order by gross_revenue desc, customer_key",
        ),
        (
            "/customers/value",
            {},
            "customer_lifetime_value order by expected_value_365_days desc nulls last, customer_key",
        ),
        (
            "/customers/behavior",
            {"sort": "gross_revenue"},
            "customer_behavior order by gross_revenue desc nulls last, customer_key",
        ),
        ("/customers/behavior", {"customer_id": "C000032"}, "customer_behavior where customer_key = 'C000032'"),
        ("/products/affinity", {}, "product_affinity order by lift desc, product_key_a, product_key_b"),
        (
            "/products/affinity",
            {"min_support": 0.015, "sort": "support"},
            "product_affinity where support >= 0.015 order by support desc, product_key_a, product_key_b",
        ),
        (
            "/products/affinity",
            {"product_id": "P-1023"},
            "product_affinity where 'P-1023' in (product_key_a, product_key_b) "
            "order by lift desc, product_key_a, product_key_b",
        ),
        ("/quality/batches", {"table_name": "orders"}, "../audit.loads where table_name = 'orders'"),
    ],
)
def test_rows_of_marts(api, sql, path, parameters, query):
    relation = query.removeprefix("../") if query.startswith("../") else f"marts.{query}"
    assert_same(api.data(path, **{"limit": 1000} | parameters), sql(f"select * from {relation}"))


def test_segments(api, sql):
    data = api.data("/customers/segments")
    held = sql("""
        select
            segment, count(*) as customer_count, sum(monetary) as gross_revenue, sum(frequency) as order_count,
            count(*) / sum(count(*)) over () as customer_share,
            sum(monetary) / sum(sum(monetary)) over () as revenue_share,
            (sum(monetary) / sum(frequency))::number(18, 4) as average_order_value,
            sum(frequency) / count(*) as orders_per_customer, avg(recency_days) as mean_recency_days
        from marts.rfm_analysis group by segment order by gross_revenue desc, segment
    """)
    rates = ("customer_share", "revenue_share", "orders_per_customer", "mean_recency_days")
    for shown, row in zip(data["segments"], held, strict=True):
        assert all(shown.pop(name) == pytest.approx(float(row[name]), abs=1e-7) for name in rates)
    assert_same(data["segments"], held)
    assert sum(cell["customer_count"] for cell in data["grid"]) == sum(row["customer_count"] for row in held)
    months = sql("select month_end, segment, count(*) as n from marts.rfm_history group by 1, 2 order by 1, 2")
    assert [(row["month_end"], row["segment"], row["customer_count"]) for row in data["history"]] == [
        (str(row["month_end"]), row["segment"], row["n"]) for row in months
    ]


@pytest.fixture
def two_years(warehouse):
    """Month ends before those that the shop has, with one customer each."""
    for number in range(1, 25):
        warehouse.execute(f"""
            insert into marts.rfm_history
            select * replace (last_day(dateadd('month', -{number}, '2026-04-01'::date)) as month_end)
            from marts.rfm_history where month_end = '2026-04-30' order by customer_key limit 1
        """)
    yield
    warehouse.execute("delete from marts.rfm_history where month_end < '2026-04-01'")


@pytest.mark.parametrize("months", [0, 1, 2, 11, 12])
def test_history_has_as_many_month_ends_as_asked(serve, api, two_years, months):
    """The last day of June is earlier in its month than those of other months."""
    data = Client(serve(), api.key).data("/customers/segments", months=months)
    ends = sorted({row["month_end"] for row in data["history"]})
    assert len(ends) == months
    assert ends[-1:] == ["2026-06-30"][:months]


@pytest.mark.parametrize(
    ("data_through", "month_ends"), [("2026-06-29", ["2026-05-31"]), ("2026-05-31", ["2026-05-31"])]
)
def test_history_ends_with_the_last_month_that_is_over(warehouse, data_through, month_ends):
    values = {"months": 1, "last_day": data_through, "segment": None, "start_date": None, "end_date": None}
    held = warehouse.run("serve/segments.sql", values, **select_lists(SEGMENT_PARTS))
    names = [column[0].lower() for column in held.description]
    rows = [row for row in (dict(zip(names, each, strict=True)) for each in held) if row["part"] == "history"]
    assert sorted({str(row["month_end"]) for row in rows if str(row["month_end"]) <= data_through}) == month_ends


def test_cohorts(api, sql):
    shown = api.data("/cohorts/retention", start_date="2026-05-15", end_date="2026-06-30", months=1)
    flat = [
        {"cohort_month": cohort["cohort_month"], "cohort_size": cohort["cohort_size"], **month}
        for cohort in shown
        for month in cohort["months"]
    ]
    held = sql("""
        select * from marts.cohort_retention where cohort_month >= '2026-05-01' and month_number <= 1
        order by cohort_month, month_number
    """)
    assert_same(flat, held)


def test_customer_360(api, sql):
    [best] = sql("select customer_key from marts.mart_top_customers where customer_rank = 1")
    key = best["customer_key"]
    data = api.data(f"/customers/{key}")
    for part, mart in (
        ("profile", "dim_customers where is_current and"),
        ("behavior", "customer_behavior where"),
        ("rfm", "rfm_analysis where"),
        ("value", "customer_lifetime_value where"),
        ("churn", "churn_risk where"),
    ):
        assert_same([data[part]], sql(f"select * from marts.{mart} customer_key = '{key}'"))
    orders = sql(f"select * from marts.fct_orders where customer_key = '{key}' order by ordered_at desc, order_id")
    assert_same(data["orders"], orders[:20])
    history = sql(f"select * from marts.rfm_history where customer_key = '{key}' order by month_end desc")
    assert_same(data["segment_history"], history[:24])
    assert data["personal_data"] is None


def test_products_and_categories(api, sql):
    measures = ("view_count", "order_count", "unit_count", "gross_revenue", "refund_amount", "net_revenue")
    sums = ", ".join(f"sum({measure}) as {measure}" for measure in measures)
    where = "month_start between '2026-05-01' and '2026-06-20'"
    for path, keys, mart in (
        ("/products/performance", ("product_key",), "agg_product_performance"),
        ("/categories", ("category", "subcategory"), "agg_category_performance"),
    ):
        names = ", ".join(keys)
        held = sql(
            f"select {names}, {sums} from marts.{mart} where {where} "
            f"group by {names} order by gross_revenue desc, {names}"
        )
        shown = api.data(path, **SPAN, **({"limit": 1000} if "products" in path else {}))
        assert_same([{name: row[name] for name in (*keys, *measures)} for row in shown], held)
    total = defaultdict(Decimal)
    for row in shown:
        total[row["category"]] += Decimal(row["gross_revenue"])
    [tea] = {row["category"] for row in shown[:1]}
    of_tea = api.data("/categories", category=tea, **SPAN)
    assert sum(Decimal(row["gross_revenue"]) for row in of_tea) == total[tea]
    assert [row["revenue_share"] for row in of_tea] == [row["revenue_share"] for row in shown if row["category"] == tea]


def test_recommendations(api, sql):
    held = sql("select * from marts.product_recommendations where product_key = 'P-1023' order by recommendation_rank")
    data = api.data("/products/P-1023/recommendations", limit=3)
    assert_same(data["recommendations"], held[:3])
    assert data["product"]["product_name"] == held[0]["product_name"]


def test_quarantine_counts_without_the_rows(api, sql):
    shown = api.data("/quality/quarantine")
    assert {row["table_name"] for row in shown} >= {"orders", "customers"}
    for row in shown:
        place = "pii.quarantine_customers" if row["table_name"] == "customers" else f"quarantine.{row['table_name']}"
        [held] = sql(f"select count(*) as row_count, sum(_money_at_risk) as money_at_risk from {place}")
        assert row["row_count"] == held["row_count"]
        assert matches(row["money_at_risk"], held["money_at_risk"])
    assert [row["table_name"] for row in api.data("/quality/quarantine", table_name="customers")] == ["customers"]
