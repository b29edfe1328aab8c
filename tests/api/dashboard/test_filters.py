"""Filters stand in the address: they can be shared, and Back and Forward work."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect


def revenue_of(dashboard):
    return dashboard.values("summary", "gross_revenue")


def expected(api, **dates):
    return [api.data("/analytics/summary", **dates)["current"]["gross_revenue"]]


def test_without_filters_the_address_is_bare_and_the_form_tells_the_span(dashboard, api):
    dashboard.open()
    meta = api.get("/analytics/summary").json()["meta"]
    assert dashboard.query == {}
    assert dashboard.filter("From").input_value() == meta["start_date"]
    assert dashboard.filter("To").input_value() == meta["end_date"]
    assert dashboard.filter("Period").input_value() == "30"


def test_dates_change_address_and_numbers_and_history_goes_back(dashboard, api):
    first = {"start_date": "2026-06-01", "end_date": "2026-06-10"}
    dashboard.open()
    whole = revenue_of(dashboard)
    dashboard.filter("From").fill(first["start_date"])
    dashboard.filter("To").fill(first["end_date"])
    dashboard.page.get_by_role("button", name="Apply dates").click()
    dashboard.settle()
    assert dashboard.query == first
    assert revenue_of(dashboard) == expected(api, **first) != whole
    assert dashboard.filter("Period").input_value() == "custom"
    dashboard.page.go_back()
    expect(dashboard.filter("Period")).to_have_value("30")
    dashboard.settle()
    assert (dashboard.query, revenue_of(dashboard)) == ({}, whole)
    dashboard.page.go_forward()
    expect(dashboard.filter("From")).to_have_value(first["start_date"])
    dashboard.settle()
    assert (dashboard.query, revenue_of(dashboard)) == (first, expected(api, **first))


def test_a_period_ends_with_the_data(dashboard, api):
    dashboard.open()
    dashboard.filter("Period").select_option("7")
    dashboard.settle()
    end = date.fromisoformat(api.get("/analytics/summary").json()["meta"]["data_through"])
    asked = {"start_date": str(end - timedelta(days=6)), "end_date": str(end)}
    assert dashboard.query == asked
    assert revenue_of(dashboard) == expected(api, **asked)


def test_another_reader_of_the_address_sees_the_same(visit, api):
    query = "?start_date=2026-05-20&end_date=2026-06-15&grain=week&split=device&segment=Champions&category=Tea"
    dashboard = visit().open(query)
    choices = {"Trend by": "week", "Segment": "Champions", "Category": "Tea"}

    def state():
        form = {label: dashboard.filter(label).input_value() for label in choices}
        numbers = [dashboard.values(panel, "gross_revenue") for panel in ("summary", "revenue", "products")]
        return form, numbers, dashboard.page.locator("[data-panel=funnel] select").input_value(), dashboard.page.url

    seen = state()
    assert seen[0] == choices and seen[2] == "device"
    assert seen[1][0] == expected(api, start_date="2026-05-20", end_date="2026-06-15")
    dashboard.page.reload()
    dashboard.settle()
    assert state() == seen


def test_choosing_a_segment_or_a_category_in_its_table_filters_by_it(dashboard):
    dashboard.open()
    dashboard.panel("segments").get_by_role("button", name="Champions").click()
    dashboard.settle()
    category = dashboard.panel("categories").locator("tbody button").first
    name = category.inner_text()
    category.click()
    dashboard.settle()
    assert dashboard.query == {"segment": "Champions", "category": name}
    assert set(dashboard.values("segment-customers", "segment")) == {"Champions"}
    assert set(dashboard.values("products", "category")) == {name}
    assert dashboard.filter("Category").input_value() == name
    dashboard.page.get_by_role("button", name="Reset").click()
    dashboard.settle()
    assert dashboard.query == {}
    assert len(set(dashboard.values("products", "category"))) > 1


def test_a_filter_reloads_only_what_obeys_it(dashboard):
    dashboard.open()
    dashboard.requested.clear()
    dashboard.filter("Segment").select_option("Champions")
    dashboard.settle()
    assert dashboard.asked() == {"/customers/segments", "/customers/rfm"}


@pytest.mark.parametrize(
    "query",
    [
        "?start_date=2026-06-31&end_date=x",
        "?start_date=2026-06-10&end_date=2026-06-01",
        "?grain=eon&split=moon",
    ],
)
def test_a_wrong_address_is_read_as_no_filter(dashboard, api, query):
    dashboard.open(query)
    assert revenue_of(dashboard) == expected(api)


def test_reversed_dates_are_not_asked_for(dashboard):
    dashboard.open()
    dashboard.filter("From").fill("2026-06-20")
    dashboard.filter("To").fill("2026-06-10")
    dashboard.requested.clear()
    dashboard.page.get_by_role("button", name="Apply dates").click()
    last_day = dashboard.filter("To")
    assert last_day.evaluate("field => field.validationMessage") == "The last day must not be before the first."
    assert (dashboard.query, dashboard.asked()) == ({}, set())


def test_an_unknown_category_is_kept_and_says_that_there_is_nothing(dashboard):
    dashboard.open("?category=Nothing+like+it")
    expect(dashboard.panel("products", "empty")).to_contain_text("No product of Nothing like it")
    assert dashboard.filter("Category").input_value() == "Nothing like it"


def test_panels_that_do_not_obey_a_filter_beside_those_that_do_say_so(dashboard):
    dashboard.open("?category=Tea")
    said = {"affinity": "all categories", "rfm-grid": "all segments", "cohorts": "all segments"}
    notes = {name: dashboard.panel(name).locator(".panel-note") for name in said}
    expect(notes["affinity"]).to_contain_text("all categories")
    expect(notes["rfm-grid"]).not_to_contain_text("all")
    dashboard.filter("Segment").select_option("Champions")
    for name, text in said.items():
        expect(notes[name]).to_contain_text(f" · {text}")
    dashboard.page.get_by_role("button", name="Reset").click()
    for name, text in said.items():
        expect(notes[name]).not_to_contain_text(text)
