"""Who may read what: keys, scopes, expiry, the limit, personal data, and the log of it all."""

import json
import logging
import math
import re
import time
from datetime import timedelta

import pytest
import requests

from plugins.analytics import keys
from plugins.analytics.audit import IDLE_SECONDS
from plugins.analytics.settings import API_PREFIX
from tests.api.conftest import Client

CUSTOMER_ROWS = [
    "/customers/rfm",
    "/customers/behavior",
    "/customers/top",
    "/customers/churn",
    "/customers/value",
    "/customers/C000032",
]
FIGURES = [
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
    "/categories",
    "/quality/batches",
    "/quality/gates",
    "/quality/quarantine",
]


@pytest.mark.parametrize("path", [*CUSTOMER_ROWS, *FIGURES])
def test_nobody_reads_without_a_key(address, path):
    answer = Client(address).get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "data" not in answer.json()


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/openapi.json"])
def test_those_who_run_the_api_need_no_key(address, path):
    assert Client(address).get(path).status_code == 200


def test_wrong_keys_are_refused(address, api):
    key_id, secret = api.key.split(".")
    for wrong in (
        f"{key_id}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}",
        f"{key_id}.",
        key_id,
        f"ak_{'0' * 16}.{secret}",
        "ak_",
        f"{key_id}.{secret}.{secret}",
        "ak_'; drop table audit.api_keys; --.x",
        "ak_\xff\xfe.\xff",
        "",
    ):
        answer = requests.get(
            f"{address}{API_PREFIX}/analytics/summary",
            headers={"Authorization": f"Bearer {wrong}".encode("latin-1")},
            timeout=60,
        )
        assert answer.status_code == 401, wrong
    assert api.get("/analytics/summary").status_code == 200


def test_a_key_may_also_stand_in_its_own_header(address, api):
    assert Client(address).get("/analytics/summary", headers={"X-API-Key": api.key}).status_code == 200
    assert Client(address).get("/analytics/summary", headers={"X-API-Key": ""}).status_code == 401
    assert Client(address).get("/analytics/summary", headers={"Authorization": f"Basic {api.key}"}).status_code == 401


def test_an_expired_key_is_refused(address, make_key):
    client = Client(address, make_key(keys.ANALYTICS_READ, lasting=timedelta(seconds=3)))
    assert client.get("/analytics/summary").status_code == 200
    time.sleep(3)
    answer = client.get("/analytics/summary")
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


def test_a_revoked_key_is_refused_soon(address, make_key, warehouse):
    client = Client(address, make_key(keys.ANALYTICS_READ))
    assert client.get("/analytics/summary").status_code == 200
    assert keys.revoke(warehouse, client.key.split(".")[0])
    assert not keys.revoke(warehouse, client.key.split(".")[0])
    deadline = time.monotonic() + 20
    while client.get("/analytics/summary").status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert client.get("/analytics/summary").status_code == 401


def test_only_a_hash_of_a_key_is_kept(warehouse, api):
    key_id, secret = api.key.split(".")
    [row] = warehouse.execute("select * from audit.api_keys where key_id = %(id)s", {"id": key_id}).fetchall()
    assert secret not in str(row)
    assert len(secret) >= 43


def test_a_key_without_a_known_scope_is_not_made(make_key):
    for scopes in ((), ("admin",)):
        with pytest.raises(ValueError, match="scope"):
            make_key(*scopes)


@pytest.mark.parametrize("path", CUSTOMER_ROWS)
def test_rows_of_customers_need_their_scope(figures_only, path):
    answer = figures_only.get(path)
    assert answer.status_code == 403
    assert keys.CUSTOMERS_READ in answer.json()["detail"]
    assert answer.json()["type"].endswith("missing-scope")


@pytest.mark.parametrize("path", FIGURES)
def test_figures_do_not(figures_only, path):
    assert figures_only.get(path).status_code == 200


def test_a_cached_row_is_not_shown_to_those_who_may_not_see_it(api, figures_only):
    assert api.get("/customers/top").status_code == 200
    assert figures_only.get("/customers/top").status_code == 403


@pytest.fixture(scope="module")
def person(sql):
    """A customer of the CRM with personal data, their newest version."""
    return sql("""
        select customer_id, first_name, last_name, email, phone from pii.customers
        where email is not null and customer_id in (select customer_key from marts.rfm_analysis)
        qualify row_number() over (partition by customer_id order by updated_at desc) = 1
        order by customer_id limit 1
    """)[0]


def test_personal_data_is_for_its_scope_and_only_when_asked(api, api_with_pii, person):
    path = f"/customers/{person['customer_id']}"
    assert api.get(path, include="pii").status_code == 403
    assert api.get(f"{path}?%69nclude=%70ii").status_code == 403
    assert api_with_pii.data(path)["personal_data"] is None
    shown = api_with_pii.get(path, include="pii")
    assert shown.json()["data"]["personal_data"] == {
        name: person[name] for name in ("first_name", "last_name", "email", "phone")
    }
    assert shown.headers["cache-control"] == "no-store"
    assert "etag" not in shown.headers


def test_a_contact_deleted_in_the_crm_has_no_personal_data(api_with_pii, person, warehouse, caplog):
    path = f"/customers/{person['customer_id']}"
    before = api_with_pii.data(path, include="pii")
    version = {"customer_id": person["customer_id"]}
    warehouse.execute(
        """
        insert into pii.customers
        select * replace (true as is_deleted, '2030-01-01'::timestamp_ntz as updated_at) from pii.customers
        where customer_id = %(customer_id)s
        qualify row_number() over (partition by customer_id order by updated_at desc) = 1
        """,
        version,
    )
    time.sleep(4 * IDLE_SECONDS)
    caplog.clear()
    try:
        with caplog.at_level(logging.INFO, "analytics.audit"):
            answer = api_with_pii.get(path, include="pii")
            [line] = logged_after(caplog, 1)
    finally:
        warehouse.execute(
            "delete from pii.customers where customer_id = %(customer_id)s and updated_at = '2030-01-01'", version
        )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["data"] == before | {"personal_data": None}
    assert "personal_data_of" not in line


def test_no_answer_holds_personal_data_unasked(api_with_pii, sql):
    people = sql("select first_name, last_name, email, phone from pii.customers")
    texts = {value for person in people for name in ("email", "phone") if (value := person[name])}
    assert len(texts) > 50
    for path in [*CUSTOMER_ROWS, *FIGURES]:
        text = api_with_pii.get(path).text + api_with_pii.get(path, limit=1000).text
        assert not [value for value in texts if value in text], path


def test_a_key_that_asks_too_often_waits(serve, make_key):
    address = serve(requests_per_minute=20)
    client, other = (Client(address, make_key(keys.ANALYTICS_READ)) for _ in range(2))
    generous = Client(address, make_key(keys.ANALYTICS_READ, requests_per_minute=60))
    began, answered = time.monotonic(), 0
    while (refused := client.get("/experiments")).status_code == 200:
        answered += 1
        assert answered < 60
    # The window slides: what it forgets while this test asks may be asked again.
    assert 20 <= answered <= 20 + math.ceil(20 / 60 * (time.monotonic() - began))
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["type"].endswith("too-many-requests")
    assert other.get("/experiments").status_code == 200
    assert [generous.get("/experiments").status_code for _ in range(30)] == [200] * 30


def test_who_fails_to_sign_in_too_often_is_not_looked_for(serve, make_key):
    if (left := 60 - time.time() % 60) < 10:
        time.sleep(left)  # at the turn of a minute the sliding window forgets a failure
    client = Client(serve(failed_sign_ins_per_minute=5), make_key(keys.ANALYTICS_READ))
    assert client.get("/analytics/summary").status_code == 200
    guesses = [Client(client.base_url, f"ak_{number:016x}.guess") for number in range(5)]
    guesses += [Client(client.base_url, f"{client.key}x"), Client(client.base_url, "ak_")]
    assert [guess.get("/analytics/summary").status_code for guess in guesses] == [401] * 5 + [429] * 2
    time.sleep(0.6)  # older than keys may be
    loads = key_loads(client)
    answers = [guess.get("/analytics/summary") for guess in guesses]
    assert {answer.status_code for answer in answers} == {429}
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers)
    assert answers[0].json()["type"].endswith("too-many-requests")
    assert key_loads(client) == loads
    assert client.get("/analytics/summary").status_code == 200
    assert Client(client.base_url).get("/analytics/summary").status_code == 401, "no credentials are no guess"


def key_loads(client):
    text = client.get("/metrics").text
    return re.search(
        r'^analytics_api_warehouse_queries_total\{operation="activeKeys",outcome="done"\} (\S+)', text, re.M
    )[1]


def test_the_log_tells_who_asked_what_and_nothing_personal(api_with_pii, person, caplog):
    path = f"/customers/{person['customer_id']}"
    time.sleep(4 * IDLE_SECONDS)  # lines of requests before
    caplog.clear()
    with caplog.at_level(logging.INFO, "analytics.audit"):
        api_with_pii.get("/customers/top")
        api_with_pii.get(path, include="pii")
        api_with_pii.get("/customers/rfm", segment=person["email"])
        Client(api_with_pii.base_url, "ak_0.secret-of-somebody").get("/analytics/summary")
        lines = logged_after(caplog, 4)
    top, personal, searched, refused = lines
    assert (top["who"], top["route"], top["status"], top["rows"]) == (
        api_with_pii.key.split(".")[0],
        f"{API_PREFIX}/customers/top",
        200,
        20,
    )
    assert "personal_data_of" not in top
    assert (personal["route"], personal["personal_data_of"]) == (
        f"{API_PREFIX}/customers/{{customer_id}}",
        person["customer_id"],
    )
    assert searched["rows"] == 0
    assert (refused["who"], refused["status"], refused["peer"]) == (None, 401, "127.0.0.1")
    assert not [line for line in (top, personal, searched) if "peer" in line]
    text = json.dumps(lines)
    secrets = [
        api_with_pii.key.split(".")[1],
        "secret-of-somebody",
        *(person[n] for n in ("email", "phone") if person[n]),
    ]
    assert not [secret for secret in secrets if secret in text]


def test_the_log_names_an_expired_key_but_not_one_with_a_wrong_secret(address, make_key, caplog):
    key = make_key(keys.ANALYTICS_READ, lasting=timedelta(seconds=-1))
    time.sleep(4 * IDLE_SECONDS)
    caplog.clear()
    with caplog.at_level(logging.INFO, "analytics.audit"):
        for presented in (key, key + "x", None):
            assert Client(address, presented).get("/analytics/summary").status_code == 401
        lines = logged_after(caplog, 3)
    assert [line["who"] for line in lines] == [key.split(".")[0], None, None]
    assert {line["peer"] for line in lines} == {"127.0.0.1"}


def logged_after(caplog, count):
    """The lines of the log, once there are so many."""
    deadline = time.monotonic() + 10
    while len(logged(caplog)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return logged(caplog)


def logged(caplog):
    return [
        json.loads(line)
        for record in caplog.records
        if record.name == "analytics.audit"
        for line in record.getMessage().splitlines()
    ]


def test_metrics_name_routes_and_never_customers(api, person):
    api.get(f"/customers/{person['customer_id']}")
    api.get(f"/customers/{person['email']}")
    requests.request("PROPFIND", f"{api.base_url}{API_PREFIX}/analytics/summary", timeout=60)
    text = api.get("/metrics").text
    assert 'method="other"' in text and "PROPFIND" not in text
    assert f'route="{API_PREFIX}/customers/{{customer_id}}",status="200"' in text
    assert 'analytics_api_warehouse_queries_total{operation="getCustomer",outcome="done"}' in text
    assert person["customer_id"] not in text
    assert person["email"] not in text
    assert api.key.split(".")[0] not in text
