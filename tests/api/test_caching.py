"""Answers are kept until a build finishes, asked of the warehouse once, and not sent again to those who have them."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import Client

QUERIES = re.compile(r'^analytics_api_warehouse_queries_total\{operation="(\w+)",outcome="done"\} (\d+)', re.M)


@pytest.fixture
def client(serve, api) -> Client:
    """A client of an API that has answered nothing yet."""
    return Client(serve(), api.key)


def queries(client, operation):
    return int(float(dict(QUERIES.findall(client.get("/metrics").text)).get(operation, 0)))


def test_a_second_answer_is_the_first_and_costs_no_query(client):
    first, second = client.get("/revenue"), client.get("/revenue")
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert queries(client, "listRevenue") == 1
    client.get("/revenue", grain="week")
    assert queries(client, "listRevenue") == 2


def test_who_has_the_answer_is_not_sent_it_again(client):
    etag = client.get("/analytics/summary").headers["etag"]
    for given in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = client.get("/analytics/summary", headers={"If-None-Match": given})
        assert (answer.status_code, answer.content) == (304, b""), given
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == "private, no-cache" and "authorization" in answer.headers["vary"]
        assert "content-type" not in answer.headers and answer.headers["x-request-id"], "the client has the others"
    for given in ('"other"', etag.strip('"'), ""):
        assert client.get("/analytics/summary", headers={"If-None-Match": given}).status_code == 200, given


def test_etags_tell_answers_apart_and_processes_together(client, api):
    etags = {
        client.get(path).headers["etag"] for path in ("/analytics/summary", "/revenue", "/categories", "/customers/top")
    }
    assert len(etags) == 4
    assert client.get("/analytics/summary").headers["etag"] == api.get("/analytics/summary").headers["etag"]
    number = client.get("/analytics/summary").json()["meta"]["build_id"]
    assert all(etag.startswith(f'"{number}-') for etag in etags)


def test_an_etag_needs_a_key_like_the_answer(client):
    etag = client.get("/analytics/summary").headers["etag"]
    assert Client(client.base_url).get("/analytics/summary", headers={"If-None-Match": etag}).status_code == 401


def test_probes_do_not_ask_the_warehouse_each_time(serve, api):
    client = Client(serve(ready_seconds=2), api.key)
    assert client.get("/ready").status_code == 200
    asked = queries(client, "newestBuild")
    for _ in range(3):
        time.sleep(0.3)  # older than a build may be for an answer
        assert client.get("/ready").status_code == 200
    assert queries(client, "newestBuild") == asked
    time.sleep(1.5)
    assert client.get("/ready").status_code == 200
    assert queries(client, "newestBuild") == asked + 1


def test_fifty_who_ask_at_once_make_one_query(client):
    client.get("/ready")
    with ThreadPoolExecutor(50) as together:
        answers = list(together.map(lambda _: client.get("/products/performance"), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert queries(client, "listProducts") == 1


def test_the_pipelines_books_are_always_fresh(client, warehouse):
    before = len(client.data("/quality/batches"))
    answer = client.get("/quality/batches")
    assert (answer.headers["cache-control"], answer.headers.get("etag")) == ("no-store", None)
    warehouse.execute("""
        insert into audit.loads
        select * replace ('one_more' as batch_id) from audit.loads where batch_id = 'orders__shop'
    """)
    try:
        assert len(client.data("/quality/batches")) == before + 1
    finally:
        warehouse.execute("delete from audit.loads where batch_id = 'one_more'")


def test_answers_go_when_a_build_finishes_and_not_before(client, warehouse):
    """The revenue of a day changes, as a build changes it; it shows when the build is recorded."""
    asked = {"start_date": "2026-06-10", "end_date": "2026-06-10"}
    old = client.get("/revenue", **asked)
    change = "update marts.agg_daily_kpis set gross_revenue = gross_revenue + %(more)s where date_day = '2026-06-10'"
    warehouse.execute(change, {"more": 1})
    try:
        time.sleep(1)
        assert client.get("/revenue", **asked).content == old.content
        assert queries(client, "listRevenue") == 1
        warehouse.execute("""
            insert into audit.builds
            select build_number + 1, 'next', data_through, null, '2026-07-02 04:00:00'
            from audit.builds order by build_number desc limit 1
        """)
        deadline = time.monotonic() + 20
        while (new := client.get("/revenue", **asked)).content == old.content and time.monotonic() < deadline:
            time.sleep(0.05)
        assert new.json()["meta"]["build_id"] == old.json()["meta"]["build_id"] + 1
        assert new.json()["meta"]["built_at"] == "2026-07-02T04:00:00Z"
        before, after = (float(answer.json()["data"][0]["gross_revenue"]) for answer in (old, new))
        assert after == pytest.approx(before + 1)
        sent = client.get("/revenue", headers={"If-None-Match": old.headers["etag"]}, **asked)
        assert sent.status_code == 200
        assert queries(client, "listRevenue") == 2
    finally:
        warehouse.execute(change, {"more": -1})
        warehouse.execute("delete from audit.builds where run_id = 'next'")


def test_memory_is_bounded(serve, api):
    client = Client(serve(cache_bytes=20_000), api.key)
    for days in range(1, 29):
        client.get("/metrics/kpis", start_date=f"2026-06-{days:02d}", end_date="2026-06-30")
    [held] = re.findall(r"^analytics_api_cache_bytes (\S+)", client.get("/metrics").text, re.M)
    assert 0 < float(held) <= 20_000
