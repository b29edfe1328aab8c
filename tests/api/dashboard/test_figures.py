"""Every panel shows what the API answers, to the last digit."""

import json
from decimal import Decimal
from itertools import groupby

import pytest
from playwright.sync_api import expect

START, END = "2026-05-10", "2026-06-20"
DATES = {"start_date": START, "end_date": END}
ADDRESS = f"?start_date={START}&end_date={END}"
TILES = (
    "gross_revenue",
    "net_revenue",
    "order_count",
    "average_order_value",
    "unit_count",
    "conversion_rate",
    "customer_count",
    "new_customer_count",
    "refund_amount",
    "cart_abandonment_rate",
)


def raw(value):
    """A value of the API as the page carries it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else same(json.dumps(value))


def same(text):
    """JavaScript and Python write the same number in different ways: 1e-05 and 0.00001, 1.0 and 1."""
    try:
        return text if "." in text and len(text.split(".")[1]) == 4 else repr(float(text))
    except ValueError:
        return text


def column(rows, name):
    return [same(raw(row[name])) for row in rows]


def shown(dashboard, panel, name):
    return [same(value) for value in dashboard.values(panel, name)]


def assert_columns(dashboard, panel, rows, *names):
    """The panel has these rows, in this order."""
    assert rows
    for name in names:
        assert shown(dashboard, panel, name) == column(rows, name), name


@pytest.fixture(scope="module")
def figures(browser, address, api):
    """A page of one span, loaded once for the tests that only read."""
    from tests.api.dashboard.conftest import PATIENCE, STORE_KEY, Dashboard

    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(STORE_KEY.format(json.dumps(api.key)))
    opened = Dashboard(context.new_page(), address).open(ADDRESS)
    yield opened
    context.close()


def test_main_figures_and_their_changes(figures, api):
    data = api.data("/analytics/summary", **DATES)
    for name in TILES:
        assert shown(figures, "summary", name) == [same(raw(data["current"][name]))], name
        assert shown(figures, "summary", f"{name}_change") == [same(raw(data["change"].get(name)))], name


def test_money_is_shown_in_the_currency_of_the_answer(figures, api):
    amount = Decimal(api.data("/analytics/summary", **DATES)["current"]["gross_revenue"])
    expect(figures.panel("summary").locator("[data-metric=gross_revenue]")).to_have_text(f"£{amount:,.2f}")


def test_the_page_says_what_day_and_build_it_shows(figures, api):
    meta = api.get("/analytics/summary").json()["meta"]
    about = figures.page.locator("#about")
    for name in ("data_through", "build_id"):
        assert about.locator(f"[data-metric={name}]").get_attribute("data-value") == str(meta[name])
    expect(about).to_contain_text(meta["time_zone"])
    expect(about).to_contain_text(meta["currency"])


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_revenue_and_whose_it_is(visit, api, grain):
    dashboard = visit().open(f"{ADDRESS}&grain={grain}")
    rows = api.data("/revenue", **DATES, grain=grain, limit=1000)
    money = ("gross_revenue", "discount_amount", "refund_amount", "net_revenue", "average_order_value")
    assert_columns(dashboard, "revenue", rows, "period_start", *money, "order_count")
    groups = [f"{group}_{what}" for group in ("new", "returning", "unknown") for what in ("revenue", "order_count")]
    assert_columns(dashboard, "customer-mix", rows, "period_start", *groups)


def test_the_trend_without_dates_is_of_the_same_days_as_the_tiles(visit, api):
    """The API's own default of weeks reaches further back."""
    dashboard = visit().open("?grain=week")
    span = api.get("/analytics/summary").json()["meta"]
    rows = api.data("/revenue", start_date=span["start_date"], end_date=span["end_date"], grain="week")
    assert_columns(dashboard, "revenue", rows, "period_start", "gross_revenue")


def test_the_funnel_of_all_sessions(figures, api):
    [funnel] = api.data("/conversion/funnel", **DATES)
    assert_columns(figures, "funnel", funnel["stages"], "session_count", "rate_of_entered")
    assert_columns(figures, "funnel", funnel["stages"][1:], "dropped_session_count", "drop_off_rate")


@pytest.mark.parametrize("split", ["device", "channel"])
def test_funnel_and_carts_of_each_group(visit, api, split):
    dashboard = visit().open(f"{ADDRESS}&split={split}")
    assert dashboard.panel("funnel").locator("select").input_value() == split
    expected = {each["split_value"]: each["stages"] for each in api.data("/conversion/funnel", **DATES, split_by=split)}
    rows = dashboard.panel("funnel").locator("tbody tr")
    assert {row.get_attribute("data-key") for row in rows.all()} == set(expected)
    for row in rows.all():
        stages = expected[row.get_attribute("data-key")]
        cells = row.locator("[data-metric=session_count]")
        assert cells.evaluate_all("all => all.map(each => Number(each.dataset.value))") == [
            stage["session_count"] for stage in stages
        ]
    carts = api.data("/carts/abandonment", **DATES, split_by=split)
    for name in ("cart_count", "abandoned_cart_count", "lost_value"):
        found = {key: same(value) for key, value in dashboard.by_key("carts", name).items()}
        assert found == {row["split_value"]: same(raw(row[name])) for row in carts}


def test_carts(figures, api):
    names = ("cart_count", "cart_value", "abandoned_cart_count", "abandoned_value", "abandonment_rate")
    more = ("recovered_cart_count", "recovered_value", "recovery_rate", "lost_cart_count", "lost_value")
    assert_columns(figures, "carts", api.data("/carts/abandonment", **DATES), *names, *more)


def test_the_rfm_grid_has_every_pair_of_scores(figures, api):
    cells = {f"{row['recency_score']}{row['frequency_score']}": row for row in api.data("/customers/segments")["grid"]}
    found = figures.by_key("rfm-grid", "customer_count")
    assert len(found) == 25
    assert found == {key: str(cells[key]["customer_count"] if key in cells else 0) for key in found}


def test_segments_with_their_moves(figures, api):
    data = api.data("/customers/segments")
    totals = ("customer_count", "customer_share", "gross_revenue", "revenue_share", "average_order_value")
    assert_columns(figures, "segments", data["segments"], "segment", *totals, "orders_per_customer")
    last = data["history"][-1]["month_end"]
    moves = {row["segment"]: row for row in data["history"] if row["month_end"] == last}
    for name in ("up_count", "down_count", "new_count"):
        expected = {row["segment"]: str(moves.get(row["segment"], {name: 0})[name]) for row in data["segments"]}
        assert figures.by_key("segments", name) == expected
    assert any(row["up_count"] for row in moves.values())
    newest_first = list(reversed(data["history"]))
    assert_columns(figures, "segment-history", newest_first, "month_end", "segment", "customer_count", "gross_revenue")


def test_the_customers_of_a_segment(visit, api):
    dashboard = visit().open("?segment=Champions")
    rows = api.data("/customers/rfm", segment="Champions", limit=10)
    assert_columns(dashboard, "segment-customers", rows, "customer_key", "segment", "monetary")
    expect(dashboard.panel("segments").locator("tr[aria-current=true]")).to_have_attribute("data-key", "Champions")
    assert set(dashboard.values("segment-history", "segment")) == {"Champions"}


@pytest.mark.parametrize(
    ("measure", "name"), [("Share", "retention_rate"), ("Customers", "customers"), ("Revenue", "gross_revenue")]
)
def test_cohorts(figures, api, measure, name):
    figures.panel("cohorts").get_by_role("button", name=measure).click()
    cohorts = api.data("/cohorts/retention", end_date=END)
    assert len(cohorts) > 1
    assert figures.by_key("cohorts", "cohort_size") == {
        cohort["cohort_month"]: str(cohort["cohort_size"]) for cohort in cohorts
    }
    months = [month for cohort in cohorts for month in cohort["months"]]
    assert shown(figures, "cohorts", name) == column(months, name)


def test_a_cohorts_month_that_is_not_over_is_empty(visit):
    dashboard = visit()

    def reopen(body):
        for cohort in body["data"]:
            cohort["months"][-1] |= {"customers": None, "retention_rate": None, "gross_revenue": None}

    dashboard.change("/cohorts/retention", reopen)
    dashboard.open()
    last = dashboard.panel("cohorts").locator("tbody tr").first.locator("td.cell[data-metric]").last
    expect(last).to_have_attribute("data-value", "")
    expect(last).to_have_text("not over yet")
    assert "heat-" not in last.get_attribute("class")


def test_products_in_every_order_and_page(visit, api):
    dashboard = visit().open(ADDRESS)
    names = ("product_name", "category", "gross_revenue", "net_revenue", "unit_count", "view_count", "refund_amount")
    for sort, order, clicks in (("gross_revenue", "desc", 0), ("unit_count", "desc", 1), ("unit_count", "asc", 1)):
        for _ in range(clicks):
            dashboard.panel("products").locator(f"[data-sort={sort}]").click()
        header = dashboard.panel("products").locator("th", has=dashboard.page.locator(f"[data-sort={sort}]"))
        expect(header).to_have_attribute("aria-sort", f"{order}ending")
        rows = api.data("/products/performance", **DATES, sort=sort, order=order, limit=30)
        assert_columns(dashboard, "products", rows[:15], *names)
    dashboard.panel("products").get_by_role("button", name="Show more products").click()
    expect(dashboard.panel("products").locator("tbody tr")).to_have_count(len(rows))
    assert_columns(dashboard, "products", rows, *names)


def test_products_and_categories_of_a_category(visit, api):
    [name, *_] = sorted(row["category"] for row in api.data("/categories", **DATES))
    dashboard = visit().open(f"{ADDRESS}&category={name}")
    products = api.data("/products/performance", **DATES, category=name, limit=15)
    assert_columns(dashboard, "products", products, "product_name", "gross_revenue", "conversion_rate")
    categories = api.data("/categories", **DATES, category=name)
    assert_columns(dashboard, "categories", categories, "subcategory", "gross_revenue", "revenue_share", "unit_count")


def test_categories_are_sorted_by_money_not_by_letters(visit, api):
    dashboard = visit().open(ADDRESS)
    rows = api.data("/categories", **DATES)
    assert_columns(dashboard, "categories", rows, "gross_revenue")
    dashboard.panel("categories").locator("[data-sort=gross_revenue]").click()
    by_money = sorted((row["gross_revenue"] for row in rows), key=Decimal)
    assert by_money != sorted(by_money)
    assert dashboard.values("categories", "gross_revenue") == by_money


@pytest.mark.parametrize("sort", ["lift", "support"])
def test_products_bought_together(visit, api, sort):
    dashboard = visit().open()
    if sort != "lift":
        dashboard.panel("affinity").get_by_label("Strongest by").select_option(sort)
        dashboard.settle()
    rows = api.data("/products/affinity", sort=sort, limit=30)
    numbers = ("pair_count", "support", "confidence_a_to_b", "confidence_b_to_a", "lift")
    assert_columns(dashboard, "affinity", rows, "product_name_a", "product_name_b", *numbers)
    assert dashboard.panel("affinity").locator(".chart .scatterlayer .trace").count() == len(rows) + 1


def test_experiments_with_their_verdicts(figures, api):
    data = api.data("/experiments")
    variants = [variant for each in data for variant in each["variants"]]
    names = ("experiment_variant", "verdict", "assigned_count", "unit_count", "conversion_rate")
    assert_columns(figures, "experiments", variants, *names, "conversion_difference", "conversion_p_value")
    articles = figures.page.locator("article.experiment")
    assert articles.evaluate_all("all => all.map(each => each.dataset.key)") == [each["experiment_id"] for each in data]


def test_an_experiment_that_was_split_wrongly_is_flagged(dashboard):
    def mismatch(body):
        wrong = {"has_sample_ratio_mismatch": True, "split_p_value": 0.00002, "conversion_p_value": None}
        for variant in body["data"][0]["variants"]:
            variant |= wrong | {"verdict": "control" if variant["is_control"] else "no verdict: sample ratio mismatch"}
        for variant in body["data"][1]["variants"]:
            variant["has_sample_ratio_mismatch"] = False

    dashboard.change("/experiments", mismatch)
    dashboard.open()
    wrong, right = dashboard.panel("experiments").locator("article").all()
    expect(wrong).to_contain_text("⚠ Sample ratio mismatch")
    expect(wrong).to_contain_text("p < 0.001")
    expect(right).not_to_contain_text("mismatch")


def test_batches_and_quarantine(figures, api):
    counts = ("extracted_rows", "inserted_rows", "updated_rows", "superseded_rows", "quarantined_rows")
    batches = api.data("/quality/batches", limit=30)
    assert_columns(figures, "batches", batches, "table_name", "published_at", *counts, "quarantined_money")
    expect(figures.panel("batches").get_by_text("Balanced").first).to_be_visible()
    rows = sorted(api.data("/quality/quarantine", limit=1000), key=lambda row: (row["table_name"], row["reason"]))
    for (table, reason), held in groupby(rows, lambda row: (row["table_name"], row["reason"])):
        held = list(held)
        key = f"{table} {reason}"
        assert figures.by_key("quarantine", "row_count")[key] == str(sum(row["row_count"] for row in held))
        money = [Decimal(row["money_at_risk"]) for row in held if row["money_at_risk"] is not None]
        assert figures.by_key("quarantine", "money_at_risk")[key] == (f"{sum(money):.4f}" if money else "")


def test_what_the_gates_said(visit, api, sql):
    rows = api.data("/quality/gates")
    assert_columns(visit().open(), "gates", rows, "table_name", "failed_count", "checked_at")
    verdicts = {
        row["table_name"]: (
            row["expectation_count"],
            row["failed_count"],
            row["failed_critical_count"],
            row["is_published"],
        )
        for row in rows
    }
    assert verdicts == {"orders": (2, 0, 0, True), "refunds": (2, 1, 0, True), "products": (1, 1, 1, False)}
    dashboard = visit().open()
    shown = dashboard.panel("gates").locator("[data-metric=verdict]").all_inner_texts()
    expected = {"orders": "Passed", "refunds": "Passed with warnings", "products": "⚠ Stopped"}
    assert shown == [expected[row["table_name"]] for row in rows]


def test_a_batch_whose_rows_do_not_add_up_is_marked(dashboard):
    def lose(body):
        body["data"][0]["inserted_rows"] -= 1

    dashboard.change("/quality/batches", lose)
    dashboard.open()
    expect(dashboard.panel("batches").get_by_text("rows missing")).to_have_count(1)


def test_long_keys_of_customers_are_told_apart(visit):
    keys = [f"003Qy00000AbC{number:02d}IAF" for number in range(3)]

    def edit(body):
        body["data"] = [row | {"customer_key": key} for row, key in zip(body["data"], keys, strict=False)]

    dashboard = visit()
    dashboard.change("/customers/rfm", edit)
    dashboard.open()
    cells = dashboard.panel("segment-customers").locator("[data-metric=customer_key]")
    assert len(set(cells.all_inner_texts())) == len(keys)
    assert dashboard.values("segment-customers", "customer_key") == keys
