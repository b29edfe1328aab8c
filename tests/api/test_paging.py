"""Pages of a list hold every row once, and a cursor is good for its own question and build only."""

import base64
import json

import pytest

PAGED = [
    ("/revenue", {"start_date": "2026-04-20", "end_date": "2026-06-30"}, "period_start"),
    ("/customers/rfm", {"sort": "frequency"}, "customer_key"),
    ("/customers/behavior", {"sort": "last_activity_at", "order": "asc"}, "customer_key"),
    ("/customers/churn", {"sort": "probability_alive"}, "customer_key"),
    ("/customers/value", {"sort": "order_count"}, "customer_key"),
    ("/products/performance", {"sort": "refund_amount"}, "product_key"),
    ("/quality/batches", {}, "batch_id"),
]


def pages(api, path, **parameters):
    cursor, found = None, []
    while True:
        answer = api.get(path, **parameters, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["data"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize(("path", "parameters", "key"), PAGED)
def test_every_row_is_on_one_page(api, path, parameters, key):
    whole = [row[key] for page in pages(api, path, **parameters, limit=1000) for row in page]
    found = pages(api, path, **parameters, limit=5 if path == "/quality/batches" else 17)
    assert len(found) > 1
    assert [row[key] for page in found for row in page] == whole
    assert len(set(whole)) == len(whole)


def test_a_last_page_that_is_full_has_no_next(api):
    rows = len(api.data("/customers/top"))
    assert rows == 20
    everybody = len(api.data("/customers/rfm", limit=1000))
    assert api.get("/customers/rfm", limit=everybody).json()["next_cursor"] is None
    assert api.get("/customers/rfm", limit=everybody - 1).json()["next_cursor"] is not None


def forged(*held):
    return base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "", "====", "\u00e9\u00e9", "AAAA", forged(), forged(1), forged(1, "f", 5, 6), forged(1, "f", "5"),
        forged([], {}, None), forged(True, "f", True), forged(1, "f", -1), forged(1, "f", 10**30), "W1tb" * 100,
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(api, cursor):
    answer = api.get("/customers/rfm", cursor=cursor)
    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["errors"]] == ["cursor"]


def test_a_cursor_of_another_question_is_refused(api):
    cursor = api.get("/customers/rfm", limit=5).json()["next_cursor"]
    assert api.get("/customers/rfm", limit=9, cursor=cursor).status_code == 200  # another length is no other question
    for path, parameters in (
        ("/customers/rfm", {"sort": "frequency"}),
        ("/customers/rfm", {"segment": "Champions"}),
        ("/customers/value", {}),
    ):
        answer = api.get(path, cursor=cursor, **parameters)
        assert answer.status_code == 422, path
        assert answer.json()["errors"][0]["parameter"] == "cursor"


def test_a_cursor_of_another_build_has_expired(api):
    cursor = api.get("/customers/rfm", limit=5).json()["next_cursor"]
    number, fingerprint, offset = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    answer = api.get("/customers/rfm", limit=5, cursor=forged(number - 1, fingerprint, offset))
    assert answer.status_code == 410
    assert answer.json()["type"].endswith("cursor-expired")
    assert answer.json()["errors"][0]["parameter"] == "cursor"
