"""The page itself: sign-in, security, keyboard, themes, small screens, frames."""

import gzip
import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from plugins.analytics.dashboard import CONTENT_SECURITY_POLICY
from tests.api.dashboard.test_states import LOADED

HOSTILE = "<img src=x onerror=\"document.title='taken over'\">"
VISIBLE = ".filter(each => each.checkVisibility())"
FOCUSABLE = {"type": "booleanOrUndefined", "value": True}
BOXES = (
    """all => all.map(each => each.getBoundingClientRect()).map(box => [box.left, box.top, box.right, box.bottom])"""
)
FAINT = """all => all.filter(each => {
  if (!each.checkVisibility()) return false;
  each.focus();
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  return document.activeElement !== each || outlineStyle === "none" || parseFloat(outlineWidth) < 2;
}).map(each => each.outerHTML.slice(0, 120))"""
CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text()


def overflow(dashboard):
    return dashboard.page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_a_key_is_asked_for_kept_in_the_tab_and_forgotten(visit, api):
    dashboard = visit(None)
    dashboard.page.goto(dashboard.address + "/?segment=Champions")
    field = dashboard.page.get_by_label("API key")
    expect(field).to_be_focused()
    assert dashboard.asked() == set()
    dashboard.forgiven.append("401")
    field.fill("ak_0000000000000000.wrong")
    field.press("Enter")
    expect(dashboard.page.get_by_role("alert")).to_have_text("the API key is not valid")
    expect(field).to_be_visible()
    field.fill(api.key)
    field.press("Enter")
    dashboard.settle()
    assert dashboard.query == {"segment": "Champions"}
    assert dashboard.page.evaluate("JSON.stringify(localStorage) + document.cookie") == "{}"
    assert not [url for url in dashboard.requested if api.key in url]
    dashboard.page.reload()
    dashboard.settle()
    dashboard.panel("summary")
    dashboard.page.get_by_role("button", name="Sign out").click()
    expect(dashboard.page.get_by_label("API key")).to_be_visible()
    assert dashboard.page.evaluate("sessionStorage.length") == 0


def test_a_key_that_ends_meanwhile_is_asked_for_again(dashboard):
    dashboard.open()
    dashboard.forgiven.append("401")
    body = '{"title": "Unauthorized", "detail": "the API key has expired"}'
    dashboard.page.route(
        re.compile("/customers/rfm"),
        lambda route: route.fulfill(status=401, content_type="application/problem+json", body=body),
    )
    dashboard.filter("Segment").select_option("Champions")
    expect(dashboard.page.get_by_role("alert").filter(has_text="the API key has expired").last).to_be_visible()
    expect(dashboard.page.get_by_label("API key")).to_be_focused()
    expect(dashboard.page.locator("#figures")).to_be_hidden()


def test_names_from_the_shop_are_text(dashboard):
    def rename(names):
        def edit(body):
            rows = (
                body["data"] if isinstance(body["data"], list) else body["data"]["segments"] + body["data"]["history"]
            )
            for row in rows:
                row |= {name: HOSTILE for name in names if name in row}

        return edit

    dashboard.change("/products/performance", rename(["product_name", "category"]))
    dashboard.change("/products/affinity", rename(["product_name_a", "product_name_b"]))
    dashboard.change("/categories", rename(["category", "subcategory"]))
    dashboard.change("/customers/segments", rename(["segment"]))
    dashboard.change("/experiments", rename(["experiment_id"]))
    dashboard.change("/conversion/funnel", rename(["split_value"]))
    dashboard.change("/quality/quarantine", rename(["reason", "table_name"]))
    dashboard.open("?split=channel")
    for name in ("products", "affinity", "categories", "segments", "experiments", "funnel", "quarantine"):
        assert HOSTILE in dashboard.panel(name).evaluate("panel => panel.textContent"), name
    nodes = dashboard.panel("affinity").locator(".chart .textpoint text")
    assert nodes.first.evaluate("text => text.textContent").startswith("<img src=x onerror=")
    assert dashboard.page.locator("img").count() == 0
    expect(dashboard.page).to_have_title("Shop analytics")


def test_the_page_may_load_nothing_but_its_own(address):
    page = requests.get(address + "/", timeout=60)
    assert page.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-cache"
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?:", page.text)
    again = requests.get(address + "/", headers={"If-None-Match": page.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


def test_the_policy_stops_what_it_should(dashboard):
    """Or its silence on the other pages would prove nothing."""
    dashboard.forgiven.append("Content Security Policy")
    dashboard.open()
    dashboard.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    dashboard.page.evaluate(
        "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))"
    )
    assert len([fault for fault in dashboard.faults if "Content Security Policy" in fault]) >= 2


def test_files_are_kept_by_browsers_and_sent_compressed(address):
    page = requests.get(address + "/", timeout=60).text
    files = [*re.findall(r'(?:href|src)="(assets/[^"]+)"', page), *re.findall(r'content="(assets/[^"]+)"', page)]
    assert any("plotly" in name for name in files) and any(name.endswith("main.js") for name in files)
    for name in files:
        answer = requests.get(f"{address}/{name}", timeout=60)
        assert answer.status_code == 200, name
        assert "max-age=31536000" in answer.headers["Cache-Control"] and "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
        plain = requests.get(f"{address}/{name}", headers={"Accept-Encoding": "identity"}, timeout=60)
        assert "Content-Encoding" not in plain.headers
        assert plain.content == answer.content
        refused = requests.get(f"{address}/{name}", headers={"Accept-Encoding": "gzip;q=0"}, timeout=60)
        assert "Content-Encoding" not in refused.headers
    [plotly] = [name for name in files if name.startswith("assets/plotly-")]
    sent = requests.get(f"{address}/{plotly}", timeout=60, stream=True).raw.read(decode_content=False)
    assert len(sent) < 0.4 * len(gzip.decompress(sent))


@pytest.mark.parametrize("name", ["none.js", "../api.py", "..%2f..%2fapi.py", "%2e%2e/__init__.py", "index.html"])
def test_no_other_file_can_be_had(address, name):
    prefix = re.search(r"assets/[0-9a-f]{16}", requests.get(address + "/", timeout=60).text)[0]
    for below in (prefix, "assets"):
        request = requests.Request("GET", f"{address}/{below}/x").prepare()
        request.url = f"{address}/{below}/{name}"
        answer = requests.Session().send(request, timeout=60)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read(visit, theme):
    dashboard = visit(color_scheme=theme).open("?segment=Champions&split=device")
    ground = dashboard.page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 300) is (theme == "dark")
    contrasts = dashboard.page.evaluate(CONTRASTS)
    assert len(contrasts) > 300
    assert [pair for pair in contrasts if pair[0] < 4.5] == []


def test_a_chosen_theme_stays_and_charts_take_its_colours(visit):
    dashboard = visit(color_scheme="light").open()
    line = dashboard.panel("revenue").locator(".chart .lines path").first
    colour = "path => getComputedStyle(path).stroke"
    before = line.evaluate(colour)
    dashboard.page.get_by_role("button", name="Dark theme").click()
    expect(dashboard.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(dashboard.panel("revenue").locator(".chart .lines path").first).not_to_have_css("stroke", before)
    dashboard.page.reload()
    dashboard.settle()
    expect(dashboard.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(dashboard.page.get_by_role("button", name="Light theme")).to_be_visible()


@pytest.mark.parametrize("width", [360, 390, 768, 1024])
def test_no_width_scrolls_sideways(visit, width):
    dashboard = visit(viewport={"width": width, "height": 800}, has_touch=width < 800)
    dashboard.open("?split=channel&segment=Champions")
    assert overflow(dashboard) <= 0
    for table in dashboard.page.get_by_role("button", name="Table").all():
        table.click()
    dashboard.settle()
    assert overflow(dashboard) <= 0


@pytest.mark.parametrize("width", [390, 1280])
def test_names_in_the_network_are_whole_and_over_no_other(visit, width):
    dashboard = visit(viewport={"width": width, "height": 900}).open()
    named = dashboard.panel("affinity").locator(".chart .textpoint text")
    [around] = dashboard.panel("affinity").locator(".chart").evaluate_all(BOXES)
    boxes = [(left, top, right, bottom) for left, top, right, bottom in named.evaluate_all(BOXES) if right > left]
    assert len(boxes) >= 10
    for left, top, right, bottom in boxes:
        assert around[0] <= left and around[1] <= top and right <= around[2] and bottom <= around[3]
    for one, other in combinations(boxes, 2):
        apart = max(one[0], other[0]) >= min(one[2], other[2]) or max(one[1], other[1]) >= min(one[3], other[3])
        assert apart, (one, other)


def test_filters_are_reached_and_used_by_keyboard(dashboard, api):
    dashboard.open()
    keyboard = dashboard.page.keyboard
    keyboard.press("Tab")
    expect(dashboard.page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    for _ in range(20):
        keyboard.press("Tab")
        if dashboard.page.evaluate("document.activeElement.id") == "segment":
            break
    segment = dashboard.filter("Segment")
    expect(segment).to_be_focused()
    outline = segment.evaluate("field => getComputedStyle(field).outlineStyle")
    assert outline == "solid"
    keyboard.type("Champions")
    dashboard.settle()
    assert dashboard.query == {"segment": "Champions"}
    sort = dashboard.panel("products").locator("[data-sort=unit_count]")
    sort.focus()
    keyboard.press("Enter")
    expect(dashboard.panel("products").locator("th[aria-sort=descending]")).to_have_text(re.compile("Units"))
    expect(dashboard.panel("products").locator("[data-sort=unit_count]")).to_be_focused()


def test_the_page_has_landmarks_headings_and_words_for_charts(dashboard):
    dashboard.open()
    page = dashboard.page
    for role in ("banner", "main", "navigation", "status"):
        assert page.get_by_role(role).count() == 1, role
    tags = page.locator("h1, h2, h3, h4").evaluate_all(f"all => all{VISIBLE}.map(each => each.tagName)")
    levels = [int(tag[1]) for tag in tags]
    assert levels.count(1) == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    for name in LOADED:
        title = dashboard.panel(name).get_attribute("aria-labelledby")
        assert page.locator(f"#{title}").inner_text() or name == "summary"
    for chart in page.locator(".chart").all():
        label = chart.get_attribute("aria-label")
        assert "The table has the figures" in label or "%" in label
    named = "each.labels?.length || each.textContent.trim() || each.ariaLabel"
    controls = page.locator("button, select, input, a")
    assert controls.evaluate_all(f"all => all{VISIBLE}.filter(each => !({named})).length") == 0
    assert page.locator("table:not(:has(caption))").count() == 0


def test_all_that_can_be_used_has_a_name_and_shows_the_focus(dashboard):
    """Names as a screen reader gets them, with tables in place of charts too."""
    dashboard.open("?segment=Champions&split=device")
    page = dashboard.page
    assert page.locator("html").get_attribute("lang") == "en"
    tree = page.context.new_cdp_session(page)
    for shown in ("Chart", "Table"):
        for button in page.get_by_role("button", name=shown, exact=True).all():
            button.click()
        dashboard.settle()
        nodes = [node for node in tree.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        used = [node for node in nodes if {"name": "focusable", "value": FOCUSABLE} in node.get("properties", [])]
        roles = [node["role"]["value"] for node in used if not node["name"]["value"]]
        assert len(used) > 50 and set(roles) <= {"main"}, shown  # to where the skip link leads
        page.keyboard.press("Tab")
        faint = page.locator("a, button, input, select, [tabindex='0']").evaluate_all(FAINT)
        assert faint == [], shown


def test_nothing_moves_for_who_wants_it_still(visit):
    dashboard = visit(reduced_motion="reduce")
    release = dashboard.hold(re.compile("/api/v1/"))
    dashboard.page.goto(dashboard.address)
    bar = dashboard.panel("summary", "loading").locator(".skeleton i").first
    expect(bar).to_have_css("animation-name", "none")
    release()
    dashboard.settle()


def test_it_works_in_a_frame_as_airflow_makes_it(visit):
    """Airflow's frame: sandboxed, of the same origin; the page takes Airflow's theme."""
    dashboard = visit()
    around = (
        '<!doctype html><html class="dark"><title>around</title><link rel="icon" href="data:,">'
        '<iframe sandbox="allow-scripts allow-same-origin allow-forms allow-downloads" src="/" width="1200"></iframe>'
    )
    dashboard.page.route(
        re.compile("/around$"), lambda route: route.fulfill(status=200, content_type="text/html", body=around)
    )
    dashboard.forgiven.append("both allow-scripts and allow-same-origin")
    dashboard.page.goto(dashboard.address + "/around")
    frame = dashboard.page.frame_locator("iframe")
    frame.locator("body[data-state=settled]").wait_for()
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    expect(frame.locator("[data-panel=summary]")).to_have_attribute("data-state", "ready")
    dashboard.requested = [url for url in dashboard.requested if not url.startswith("data:")]


def test_inside_airflow_its_login_is_tried_first(visit, serve):
    """Without Airflow's cookie the page says where to sign in."""
    inside = visit(None, address=serve(airflow_login=True))
    inside.forgiven.append("401")
    inside.page.goto(inside.address)
    expect(inside.page.locator("#sign-in-text")).to_contain_text("Sign in to Airflow")
    assert inside.asked()
