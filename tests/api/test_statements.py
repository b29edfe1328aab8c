"""What a question costs: one statement, none where another has asked for the same rows; never what it may not see."""

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
import requests
from snowflake.connector.errors import OperationalError, ProgrammingError

from plugins.analytics import sessions
from tests.api.conftest import Client

CHECKS = {"newestBuild", "activeKeys"}
DONE = re.compile(r'^analytics_api_warehouse_queries_total\{operation="(\w+)",outcome="done"\} (\d+)', re.M)
RARELY = {"build_check_seconds": 600, "key_check_seconds": 600, "ready_seconds": 600}
CLIENTS = 12
QUESTIONS = [
    "/analytics/summary",
    "/revenue",
    "/metrics/kpis",
    "/conversion/funnel",
    "/carts/abandonment",
    "/experiments",
    "/customers/segments",
    "/cohorts/retention",
    "/products/affinity",
    "/products/performance",
    "/products/P-1023/recommendations",
    "/categories",
    "/customers/rfm",
    "/customers/behavior",
    "/customers/top",
    "/customers/churn",
    "/customers/value",
    "/customers/C000032",
    "/quality/batches",
    "/quality/gates",
    "/quality/quarantine",
]


@pytest.fixture
def client(serve, api) -> Client:
    """A client of an API that has answered nothing yet, and seldom looks for builds and keys."""
    return Client(serve(**RARELY), api.key)


def statements(client) -> Counter[str]:
    """How many statements each operation has cost so far."""
    return Counter({name: int(count) for name, count in DONE.findall(client.get("/metrics").text)})


def cost(client) -> int:
    return sum(count for name, count in statements(client).items() if name not in CHECKS)


class Turnstile:
    """Holds the statements of an operation back, and knows how many have come."""

    def __init__(self) -> None:
        self.come = 0
        self.operation = ""
        self.open = threading.Event()
        self.error: Exception | None = None

    def pass_through(self, operation: str) -> None:
        if operation == self.operation:
            self.come += 1
            assert self.open.wait(30)
            if self.error is not None:
                raise self.error


@pytest.fixture
def turnstile(monkeypatch):
    made, run = Turnstile(), sessions._run

    def held(session, operation, statement, values):
        made.pass_through(operation)
        return run(session, operation, statement, values)

    monkeypatch.setattr(sessions, "_run", held)
    yield made
    made.open.set()


def until(true) -> None:
    """Wait for something that happens soon."""
    for _ in islice(iter(int, 1), 3000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")


def joined(client) -> int:
    """Requests that wait for the answer to an equal one."""
    return int(float(re.search(r'analytics_api_cache_total\{outcome="joined"\} (\S+)', client.get("/metrics").text)[1]))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_one_statement(client, question):
    assert client.get(question).status_code == 200
    assert cost(client) == 1


def test_personal_data_is_one_more(serve, api_with_pii):
    client = Client(serve(**RARELY), api_with_pii.key)
    assert client.get("/customers/C000032", include="pii").json()["data"]["personal_data"]
    asked = statements(client)
    assert (asked["getCustomer"], asked["getPersonalData"], cost(client)) == (1, 1, 2)


def test_the_build_its_currency_and_the_keys_are_asked_for_once(client):
    for question in QUESTIONS:
        assert client.get(question).status_code == 200
    asked = statements(client)
    assert {name: asked[name] for name in CHECKS} == {"newestBuild": 2, "activeKeys": 1}


def test_other_days_of_the_key_figures_cost_nothing(client):
    for day in range(1, 29):
        rows = client.data("/metrics/kpis", start_date=f"2026-06-{day:02}", end_date="2026-06-30")
        assert [rows[0]["period_start"], len(rows)] == [f"2026-06-{day:02}", 31 - day]
    assert statements(client)["listKpis"] == 1


@pytest.mark.parametrize(
    ("path", "operation"), [("/products/performance", "listProducts"), ("/customers/rfm", "listRfm")]
)
def test_other_lengths_and_pages_of_a_list_cost_nothing(client, path, operation):
    whole = client.data(path, limit=1000)
    for limit in (1, 7, 20):
        found, cursor = [], {}
        while cursor is not None:
            answer = client.get(path, limit=limit, **cursor).json()
            found += answer["data"]
            cursor = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else None
        assert found == whole
    assert statements(client)[operation] == 1


def test_a_long_list_is_asked_for_piece_by_piece(client, warehouse):
    """Pages that lie in two pieces, and one that ends with its piece."""
    warehouse.execute("""
        insert into marts.rfm_analysis
        select rfm.* replace ('Z' || lpad(seq4()::varchar, 5, '0') as customer_key)
        from (select * from marts.rfm_analysis order by customer_key limit 1) as rfm, table(generator(rowcount => 2100))
    """)
    try:
        found, cursor = [], {}
        while cursor is not None:
            answer = client.get("/customers/rfm", limit=300, **cursor).json()
            found += [row["customer_key"] for row in answer["data"]]
            cursor = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else None
        assert len(found) == len(set(found)) > 2100
        assert statements(client)["listRfm"] == len(found) // 1000 + 1
        first = client.get("/customers/rfm", limit=1000).json()
        assert [row["customer_key"] for row in first["data"]] == found[:1000]
    finally:
        warehouse.execute("delete from marts.rfm_analysis where startswith(customer_key, 'Z')")


def test_equal_questions_of_keys_with_other_scopes_are_one_statement(serve, api, figures_only, turnstile):
    """One may see customers, one may not: their answers are kept apart, but figures are the same."""
    address = serve(**RARELY)
    clients = [Client(address, key) for key in (api.key, figures_only.key)]
    turnstile.operation = "listCategories"
    with ThreadPoolExecutor(2) as together:
        answers = [together.submit(each.get, "/categories") for each in clients]
        until(lambda: turnstile.come == 1)
        turnstile.open.set()
        assert [each.result().status_code for each in answers] == [200, 200]
    assert answers[0].result().content == answers[1].result().content
    assert statements(clients[0])["listCategories"] == 1


def test_who_may_not_see_customers_gets_no_share_of_who_may(serve, api, figures_only, turnstile):
    address = serve(**RARELY)
    may, may_not = Client(address, api.key), Client(address, figures_only.key)
    turnstile.operation = "listRfm"
    with ThreadPoolExecutor(1) as together:
        answer = together.submit(may.get, "/customers/rfm")
        until(lambda: turnstile.come == 1)
        assert may_not.get("/customers/rfm").status_code == 403
        turnstile.open.set()
        assert answer.result().status_code == 200
    refused = may_not.get("/customers/rfm")
    assert (refused.status_code, "customer_key" in refused.text) == (403, False)


def test_an_error_reaches_all_who_wait_and_is_not_kept(client, turnstile):
    turnstile.operation = "listCategories"
    turnstile.error = ProgrammingError("statement reached its timeout", errno=630)
    with ThreadPoolExecutor(CLIENTS) as together:
        answers = [together.submit(client.get, "/categories") for _ in range(CLIENTS)]
        until(lambda: turnstile.come == 1 and joined(client) == CLIENTS - 1)
        turnstile.open.set()
        told = [each.result() for each in answers]
    assert {(each.status_code, each.json()["type"]) for each in told} == {(503, "urn:analytics:problem:warehouse-slow")}
    assert all(int(each.headers["retry-after"]) >= 1 for each in told)
    assert turnstile.come == 1
    ids = [each.json()["request_id"] for each in told]
    assert ids == [each.headers["x-request-id"] for each in told]
    assert len(set(ids)) == CLIENTS, "each is told the id of its own request"
    turnstile.error = None
    assert client.get("/categories").status_code == 200


def test_who_gives_up_takes_the_answer_from_nobody(client, turnstile):
    turnstile.operation = "listCategories"
    headers = {"Authorization": f"Bearer {client.key}"}
    with requests.Session() as impatient, ThreadPoolExecutor(CLIENTS) as together:
        with pytest.raises(requests.ReadTimeout):
            impatient.get(f"{client.base_url}/api/v1/categories", headers=headers, timeout=0.5)
        answers = [together.submit(client.get, "/categories") for _ in range(CLIENTS)]
        until(lambda: joined(client) == CLIENTS)
        turnstile.open.set()
        assert {each.result().status_code for each in answers} == {200}
    assert statements(client)["listCategories"] == 1


@pytest.mark.parametrize(
    ("path", "operation", "asked"),
    [
        ("/analytics/summary", "getSummary", {}),
        ("/conversion/funnel", "getFunnel", {"split_by": "device"}),
        ("/carts/abandonment", "getCarts", {"split_by": "channel"}),
    ],
)
def test_spans_that_wait_for_a_session_are_one_statement(serve, api, turnstile, path, operation, asked):
    """The only session is busy with one span; all others that come meanwhile are asked for together."""
    client = Client(serve(pool_size=1, **RARELY), api.key)
    spans = [{"start_date": f"2026-06-{day:02}", "end_date": "2026-06-20"} for day in range(1, CLIENTS + 1)]
    assert client.get("/categories").status_code == 200
    turnstile.operation = operation
    with ThreadPoolExecutor(CLIENTS) as together:
        first = together.submit(client.get, path, **spans[0], **asked)
        until(lambda: turnstile.come == 1)
        others = [together.submit(client.get, path, **span, **asked) for span in spans[1:]]
        misses = re.compile(r'analytics_api_cache_total\{outcome="miss"\} (\S+)')
        until(lambda: float(misses.search(client.get("/metrics").text)[1]) == CLIENTS + 1)
        threading.Event().wait(0.3)
        turnstile.open.set()
        found = [each.result().json()["data"] for each in (first, *others)]
    assert statements(client)[operation] == 2
    alone = Client(serve(**RARELY), api.key)
    assert found == [alone.data(path, **span, **asked) for span in spans]
    assert len({str(each) for each in found}) == CLIENTS


def test_an_error_of_spans_that_were_asked_for_together_reaches_each(serve, api, turnstile):
    client = Client(serve(pool_size=1, retry_seconds=0.1, **RARELY), api.key)
    assert client.get("/categories").status_code == 200
    turnstile.operation, turnstile.error = "getSummary", OperationalError("no route")
    with ThreadPoolExecutor(CLIENTS) as together:
        answers = [
            together.submit(client.get, "/analytics/summary", start_date=f"2026-06-{day:02}")
            for day in range(1, CLIENTS + 1)
        ]
        until(lambda: turnstile.come >= 1)
        turnstile.open.set()
        assert {each.result().status_code for each in answers} == {503}
    turnstile.error = None
    assert client.get("/analytics/summary", start_date="2026-06-01").status_code == 200


def test_a_question_opens_no_session_where_one_is_free(serve, api, monkeypatch):
    """Nor does it set one up: what is sent to the warehouse is its statement."""
    opened, connect = [], sessions.WarehouseSessions._connect
    monkeypatch.setattr(sessions.WarehouseSessions, "_connect", lambda self: opened.append(self) or connect(self))
    client = Client(serve(**RARELY), api.key)
    for question in QUESTIONS:
        assert client.get(question).status_code == 200
    assert len(opened) == 2, "one for the checks, one for the questions"


def test_personal_data_is_never_shared(serve, api_with_pii, api):
    address = serve(**RARELY)
    with_pii, without = Client(address, api_with_pii.key), Client(address, api.key)
    for _ in range(2):
        assert with_pii.get("/customers/C000032", include="pii").json()["data"]["personal_data"]
        assert without.get("/customers/C000032").json()["data"]["personal_data"] is None
        assert without.get("/customers/C000032", include="pii").status_code == 403
    assert statements(with_pii)["getPersonalData"] == 2
