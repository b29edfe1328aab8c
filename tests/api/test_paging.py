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

CHANGING = {
    "/quality/batches": (
        "audit.loads",
        "batch_id",
        "select * replace ('{batch}' as batch_id, '{at}'::timestamp_ntz as published_at) from audit.loads "
        "where batch_id = 'orders__shop'",
    ),
    "/quality/gates": (
        "audit.gate_results",
        "batch_id",
        "select '{batch}', 'orders', 'check', null, 'critical', true, 0, 100, null, '{at}'::timestamp_ntz",
    ),
    "/quality/quarantine": (
        "quarantine.orders",
        "_batch_id",
        "select * replace ('{batch}' as _batch_id, '{at}'::timestamp_ntz as _quarantined_at) from quarantine.orders",
    ),
}


def pages(api, path, cursor=None, **parameters):
    found = []
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


@pytest.fixture
def change(warehouse):
    """Add a batch to a list of the pipeline's books, with the moment it is ordered by, or take it out."""

    def add(path, batch, at):
        table, _, rows = CHANGING[path]
        warehouse.execute(f"insert into {table} {rows.format(batch=batch, at=at)}")

    def take_out(path, prefix):
        table, column, _ = CHANGING[path]
        warehouse.execute(f"delete from {table} where startswith({column}, '{prefix}')")

    yield add, take_out
    for path in CHANGING:
        take_out(path, "paged_")


@pytest.mark.parametrize("path", CHANGING)
def test_what_comes_and_goes_between_two_pages_moves_no_other_row(api, change, path):
    """Two batches share each moment, so that the rest of the order counts too."""
    add, take_out = change
    for number in range(6):
        add(path, f"paged_{number}", f"2027-01-0{number // 2 + 1} 03:00:00.123456")
    whole = [row["batch_id"] for row in api.data(path)]
    assert whole[:6] == [f"paged_{number}" for number in (4, 5, 2, 3, 0, 1)]
    first = api.get(path, limit=3).json()
    assert [row["batch_id"] for row in first["data"]] == whole[:3]
    add(path, "paged_9", "2027-02-01 03:00:00")
    for gone in ("paged_4", "paged_2"):
        take_out(path, gone)
    rest = pages(api, path, first["next_cursor"], limit=2)
    assert [row["batch_id"] for page in rest for row in page] == whole[3:]


@pytest.mark.parametrize("path", CHANGING)
def test_a_cursor_of_a_changing_list_is_of_its_question_and_whole(api, change, path):
    for number in range(2):
        change[0](path, f"paged_{number}", "2027-01-01 03:00:00")
    cursor = api.get(path, limit=1).json()["next_cursor"]
    _, fingerprint, place = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    assert api.get(path, cursor=forged(None, fingerprint, place)).status_code == 200
    wrong = [5, [], place[:-1], [*place, "x"], ["yesterday", *place[1:]], [*place[:-1], 1], [*place[:-1], "\ud800"]]
    for held in wrong:
        answer = api.get(path, cursor=forged(None, fingerprint, held))
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "cursor"), held
    assert api.get(path, cursor=cursor, table_name="orders").status_code == 422


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
