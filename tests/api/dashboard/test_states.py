"""What a panel shows while it loads, when there is nothing, and when that failed."""

import json
import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

LOADED = {
    "summary": "/analytics/summary",
    "revenue": "/revenue",
    "customer-mix": "/revenue",
    "funnel": "/conversion/funnel",
    "carts": "/carts/abandonment",
    "rfm-grid": "/customers/segments",
    "segments": "/customers/segments",
    "segment-history": "/customers/segments",
    "segment-customers": "/customers/rfm",
    "cohorts": "/cohorts/retention",
    "products": "/products/performance",
    "categories": "/categories",
    "affinity": "/products/affinity",
    "experiments": "/experiments",
    "batches": "/quality/batches",
    "gates": "/quality/gates",
    "quarantine": "/quality/quarantine",
}
API = re.compile(r"/api/v1/")
PROBLEM = {
    "type": "urn:analytics:problem:warehouse-away",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "the warehouse cannot be reached <b>now</b>",
    "request_id": "9f2c61d07ab3e485",
}


def refuse(route):
    route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(PROBLEM))


def test_every_panel_says_that_it_loads(dashboard):
    release = dashboard.hold(API)
    dashboard.page.goto(dashboard.address)
    for name in LOADED:
        panel = dashboard.panel(name, "loading")
        expect(panel.locator(".skeleton")).to_be_visible()
        expect(panel.locator(".panel-body")).to_have_attribute("aria-busy", "true")
    expect(dashboard.page.locator("#announcements")).to_have_text("Loading figures")
    release()
    dashboard.settle()
    assert dashboard.page.locator(".panel[data-state=ready]").count() == len(LOADED)
    assert dashboard.page.locator(".skeleton, [aria-busy=true]").count() == 0
    expect(dashboard.page.locator("#announcements")).to_have_text("All figures are shown")


def test_every_panel_says_that_there_is_nothing(dashboard):
    def nothing(route):
        response = route.fetch()
        body = response.json()
        if isinstance(body["data"], list):
            body["data"] = []
        else:
            body["data"] |= {"segments": [], "grid": [], "history": []}
            body["data"].get("current", {})["day_count"] = 0
        route.fulfill(response=response, json=body)

    dashboard.page.route(API, nothing)
    dashboard.open()
    for name in LOADED:
        expect(dashboard.panel(name, "empty")).to_contain_text("Nothing to show")


@pytest.mark.parametrize("name", ["summary", "revenue", "funnel", "cohorts", "affinity", "quarantine"])
def test_a_panel_that_fails_says_why_and_tries_again(dashboard, name):
    path = re.compile(re.escape(LOADED[name]) + r"(\?|$)")
    dashboard.forgiven.append("503")
    dashboard.page.route(path, refuse)
    dashboard.open("?start_date=2026-06-01&end_date=2026-06-30")
    failing = [each for each, loaded in LOADED.items() if loaded == LOADED[name]]
    for each in failing:
        panel = dashboard.panel(each, "error")
        for text in (PROBLEM["detail"], PROBLEM["request_id"], "503"):
            expect(panel).to_contain_text(text)
    for each in set(LOADED) - set(failing):
        dashboard.panel(each, "ready")
    expect(dashboard.page.locator("#announcements")).to_contain_text("Not shown:")
    dashboard.page.unroute(path)
    dashboard.panel(name, "error").get_by_role("button", name="Try again").click()
    dashboard.panel(name, "ready")


def test_a_server_that_cannot_be_reached_is_told(dashboard):
    dashboard.forgiven.append("ERR_FAILED")
    dashboard.page.route(re.compile("/api/v1/experiments"), lambda route: route.abort())
    dashboard.open()
    expect(dashboard.panel("experiments", "error")).to_contain_text("The server cannot be reached.")


def test_an_error_that_is_no_problem_detail_is_told(dashboard):
    dashboard.forgiven.append("502")
    html = "<script>document.title = 'taken over'</script>"
    dashboard.page.route(
        re.compile("/api/v1/experiments"),
        lambda route: route.fulfill(status=502, content_type="text/html", body=html),
    )
    dashboard.open()
    expect(dashboard.panel("experiments", "error")).to_contain_text("502")
    expect(dashboard.page).to_have_title("Shop analytics")


def test_a_key_without_customers_sees_all_the_rest(visit, figures_only):
    dashboard = visit(figures_only.key)
    dashboard.forgiven.append("403")
    dashboard.open()
    expect(dashboard.panel("segment-customers", "error")).to_contain_text("this needs the scope customers:read")
    assert dashboard.page.locator(".panel[data-state=ready]").count() == len(LOADED) - 1


def test_charts_that_cannot_be_drawn_leave_their_tables(dashboard):
    dashboard.forgiven += ["ERR_FAILED", "plotly"]
    dashboard.page.route(re.compile("plotly"), lambda route: route.abort())
    dashboard.page.goto(dashboard.address)
    for name in ("revenue", "customer-mix", "segment-history", "affinity"):
        panel = dashboard.panel(name)
        expect(panel.locator("table")).to_be_visible()
        expect(panel.get_by_role("button", name="Table")).to_have_attribute("aria-pressed", "true")


def test_a_slow_answer_to_an_older_question_is_not_shown(dashboard, api):
    dashboard.open()
    held = []
    dashboard.page.route(re.compile(r"/analytics/summary\?.*2026-06-01"), lambda route: held.append(route))
    dashboard.page.evaluate("history.pushState(null, '', '?start_date=2026-06-01&end_date=2026-06-05')")
    dashboard.page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    dashboard.panel("summary", "refreshing")
    dashboard.page.evaluate("history.pushState(null, '', '?start_date=2026-05-01&end_date=2026-05-05')")
    dashboard.page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    dashboard.settle()
    for route in held:
        route.abort()
    expected = api.data("/analytics/summary", start_date="2026-05-01", end_date="2026-05-05")["current"][
        "gross_revenue"
    ]
    assert dashboard.values("summary", "gross_revenue") == [expected]
    dashboard.forgiven.append("ERR_FAILED")


def test_a_newer_build_makes_the_whole_page_anew(dashboard):
    dashboard.open()

    def newer(body):
        body["meta"]["build_id"] += 1

    for path in set(LOADED.values()):
        dashboard.change(path, newer)
    dashboard.requested.clear()
    dashboard.filter("Segment").select_option("Champions")
    expect(dashboard.page.locator("[data-metric=build_id]")).to_have_attribute("data-value", "2")
    dashboard.settle()
    assert dashboard.asked() == set(LOADED.values())


def test_a_panel_answered_by_an_older_build_than_the_page_asks_again(dashboard):
    """Of two servers one may not have seen the new build yet."""

    def newer(body):
        body["meta"]["build_id"] += 1

    slow = LOADED["experiments"]
    for path in {*LOADED.values()} - {slow}:
        dashboard.change(path, newer)
    asked = []

    def answer(route):
        asked.append(route)
        if len(asked) in (2, 3):
            response = route.fetch()
            body = response.json()
            body["meta"]["build_id"] += len(asked) - 2
            body["data"][0]["experiment_id"] = f"answer {len(asked)}"
            route.fulfill(response=response, json=body)

    dashboard.page.route(re.compile(re.escape(slow) + "$"), answer)
    dashboard.page.goto(dashboard.address)
    expect(dashboard.page.locator("[data-metric=build_id]")).to_have_attribute("data-value", "2")
    asked[0].continue_()
    expect(dashboard.panel("experiments")).to_contain_text("answer 3")
    dashboard.settle()
    assert len(asked) == 3


def test_totals_that_are_cut_off_say_so(dashboard, api):
    body = api.get(LOADED["quarantine"]).json() | {"next_cursor": "more"}
    dashboard.page.route(re.compile(LOADED["quarantine"]), lambda route: route.fulfill(json=body))
    dashboard.open()
    entries = 20 * len(body["data"])
    note = dashboard.panel("quarantine").locator(".panel-note")
    expect(note).to_contain_text(f"Only the newest {entries:,} entries, more exist: ")


@pytest.mark.parametrize("compared", [6, 1, None])
def test_a_span_beyond_the_data_says_what_is_covered_and_compared(dashboard, api, compared):
    """With as many days as the answer compares with, whichever these are."""
    through = date.fromisoformat(api.get("/analytics/summary").json()["meta"]["data_through"])

    def edit(body):
        body["data"]["previous"] = compared and body["data"]["current"] | {"day_count": compared}

    dashboard.change("/analytics/summary", edit)
    dashboard.open(f"?start_date={through - timedelta(days=5)}&end_date={through + timedelta(days=9)}")
    note = dashboard.panel("summary").locator(".panel-note")
    expect(note).to_be_visible()
    of = {6: "compared with the 6 days before 25 Jun 2026", 1: "compared with the day before 25 Jun 2026"}
    expect(note).to_have_text(f"Covered up to 30 Jun 2026; {of.get(compared, 'not compared with the days before')}")
    expect(dashboard.filter("To")).to_have_value(str(through + timedelta(days=9)))
    dashboard.page.get_by_role("button", name="Reset").click()
    dashboard.settle()
    expect(note).to_be_hidden()
