"""Whatever is asked, the answer says what is wrong with which parameter; nothing asked makes the API fail."""

import pytest

from plugins.analytics.settings import API_PREFIX, Settings
from tests.api.conftest import Client

LONG = "x" * 129
INVALID = [
    ("/analytics/summary", {"start_date": "2026-06-31"}, "start_date"),
    ("/analytics/summary", {"start_date": "yesterday"}, "start_date"),
    ("/analytics/summary", {"end_date": "2026-13-01"}, "end_date"),
    ("/analytics/summary", {"end_date": "0"}, "end_date"),
    ("/analytics/summary", {"end_date": "1782777600"}, "end_date"),
    ("/analytics/summary", {"end_date": "2026-06-30T00:00:00Z"}, "end_date"),
    ("/analytics/summary", {"end_date": "٢٠٢٦-٠٦-٣٠"}, "end_date"),
    ("/analytics/summary", {"start_date": "2026-06-30", "end_date": "2026-06-29"}, "end_date"),
    ("/analytics/summary", {"start_date": "99999-01-01"}, "start_date"),
    ("/analytics/summary", {"sart_date": "2026-06-01"}, "sart_date"),
    ("/revenue", {"grain": "hour"}, "grain"),
    ("/revenue", {"limit": 0}, "limit"),
    ("/revenue", {"limit": -5}, "limit"),
    ("/revenue", {"limit": 10**9}, "limit"),
    ("/revenue", {"limit": "1e3"}, "limit"),
    ("/revenue", {"limit": "9" * 500}, "limit"),
    ("/conversion/funnel", {"split_by": "country"}, "split_by"),
    ("/conversion/funnel", {"device": "a\x00b"}, "device"),
    ("/conversion/funnel", {"channel": LONG}, "channel"),
    ("/customers/rfm", {"segment": ""}, "segment"),
    ("/customers/rfm", {"sort": "monetary; drop table marts.rfm_analysis"}, "sort"),
    ("/customers/rfm", {"order": "sideways"}, "order"),
    ("/customers/churn", {"risk_class": "terrible"}, "risk_class"),
    ("/customers/segments", {"months": 1000}, "months"),
    ("/customers/top", {"limit": 21}, "limit"),
    ("/customers/C000001", {"include": "everything"}, "include"),
    ("/customers/" + LONG, {}, "customer_id"),
    ("/customers/a%00b", {}, "customer_id"),
    ("/products/a%0Ab/recommendations", {}, "product_id"),
    ("/products/affinity", {"min_support": "nan"}, "min_support"),
    ("/products/affinity", {"min_support": -0.1}, "min_support"),
    ("/products/affinity", {"min_support": "inf"}, "min_support"),
    ("/products/affinity", {"min_lift": "1e400"}, "min_lift"),
]


@pytest.mark.parametrize(("path", "parameters", "named"), INVALID)
def test_the_parameter_at_fault_is_named(api, path, parameters, named):
    answer = api.get(path, **parameters)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert named in {fault["parameter"] for fault in problem["errors"]}
    assert named in problem["detail"]
    assert problem["type"] == "urn:analytics:problem:invalid-parameter"
    assert problem["status"] == 422
    assert problem["request_id"] == answer.headers["x-request-id"]


INJECTIONS = [
    "' or '1'='1",
    "'; drop table marts.rfm_analysis; --",
    "\\'; select 1; --",
    "\\",
    "x' union select email from pii.customers --",
    "%(limit)s",
    "%s %",
    "{{ columns }}",
    "C000001/*",
    "\u202e\u0301\U0001f600",
    "\ufffd",
]


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/customers/rfm", "segment"),
        ("/customers/behavior", "customer_id"),
        ("/conversion/funnel", "device"),
        ("/products/affinity", "product_id"),
        ("/quality/batches", "table_name"),
    ],
)
def test_text_is_only_ever_a_value(api, path, parameter, text):
    answer = api.get(path, **{parameter: text})
    assert (answer.status_code, answer.json()["data"]) == (200, [])


def test_injections_left_everything_in_place(api):
    assert len(api.data("/customers/rfm")) == 100


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_in_a_path_is_an_unknown_id(api, text):
    from urllib.parse import quote

    for path in (f"/customers/{quote(text, safe='')}", f"/products/{quote(text, safe='')}/recommendations"):
        answer = api.get(path)
        assert answer.status_code == 404, (path, answer.text)


def test_unknown_ids_are_told(api):
    for path, named in (("/customers/C999999", "customer_id"), ("/products/P-9/recommendations", "product_id")):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.json()["type"].endswith(":not-found")
        assert answer.json()["errors"][0]["parameter"] == named


def test_unknown_paths_and_other_methods(api):
    import requests

    assert api.get("/nothing/here").status_code == 404
    url, headers = f"{api.base_url}{API_PREFIX}/analytics/summary", {"Authorization": f"Bearer {api.key}"}
    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        answer = requests.request(method, url, headers=headers, timeout=60)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET"), method
    assert requests.post(url, headers=headers, data=b"x" * 2000, timeout=60).status_code == 413
    assert api.get("/analytics/summary", start_date="2" * 9000).status_code == 414


def test_a_path_with_a_slash_too_many_is_unknown_and_no_redirect(api):
    import requests

    url, headers = (
        f"{api.base_url}{API_PREFIX}/analytics/summary/",
        {"Authorization": f"Bearer {api.key}", "Host": "evil.example"},
    )
    answer = requests.get(url, headers=headers, timeout=60, allow_redirects=False)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:analytics:problem:not-found")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("question", "twice"),
    [
        ("/customers/rfm?segment=A&segment=B", ["segment"]),
        ("/customers/rfm?segment=A&segment=A&limit=5", ["segment"]),
        (f"/analytics/summary?{'start_date=2026-06-01&' * 2}end_date=&end_date=", ["end_date", "start_date"]),
        ("/quality/batches?limit=1&limit=2", ["limit"]),
    ],
)  # fmt: skip
def test_a_parameter_that_is_given_twice_is_named(api, question, twice):
    answer = api.get(question)
    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["errors"]] == twice


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1582-10-10", "2024-02-29"])
@pytest.mark.parametrize("side", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "path", ["/analytics/summary", "/revenue", "/categories", "/cohorts/retention", "/carts/abandonment"]
)
def test_the_ends_of_the_calendar_are_days_like_others(api, path, side, day):
    for parameters in ({side: day}, {"start_date": day, "end_date": day}, {"grain": "week", side: day}):
        if "grain" not in parameters or path == "/revenue":
            assert api.get(path, **parameters).status_code == 200


def test_answers_are_guarded(api):
    answer = api.get("/analytics/summary")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert (
        "access-control-allow-origin"
        not in api.get("/analytics/summary", headers={"Origin": "https://a.example"}).headers
    )


def test_other_origins_may_read_where_they_are_listed(serve, api):
    listed = Client(serve(cors_origins=("https://a.example",)), api.key)
    for origin, allowed in (("https://a.example", "https://a.example"), ("https://b.example", None)):
        answer = listed.get("/analytics/summary", headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed


def test_listed_origins_may_stand_apart(monkeypatch):
    monkeypatch.setenv("API_CORS_ORIGINS", " https://a.example, https://b.example ,, ")
    assert Settings.from_environment().cors_origins == ("https://a.example", "https://b.example")
