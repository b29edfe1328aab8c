"""The product catalog stand-in, read with requests."""

from typing import Any

import pytest
import requests

from tests.standins.saas_fixtures import Saas, saas, saas_server

__all__ = ["saas", "saas_server"]


@pytest.fixture
def session() -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = "Bearer local-catalog-token"
    return session


def products(saas: Saas, session: requests.Session, **query: Any) -> list[dict[str, Any]]:
    """Every item, page by page."""
    items, cursor = [], None
    while True:
        params = query | ({"cursor": cursor} if cursor else {})
        answer = session.get(f"{saas.base_url}/catalog/v1/products", params=params, timeout=5)
        answer.raise_for_status()
        items += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return items


def test_pages_hold_every_version_once_in_order(saas: Saas, session: requests.Session) -> None:
    whole = products(saas, session, limit=1000)
    paged = products(saas, session, limit=7)
    assert len(whole) == 30
    assert paged == whole
    keys = [(item["updated_at"], item["product_id"]) for item in whole]
    assert keys == sorted(set(keys))


def test_an_item(saas: Saas, session: requests.Session) -> None:
    items = {item["product_id"]: item for item in products(saas, session, updated_before="2026-03-26T00:00:00Z")}
    assert items["P0003"] == {
        "product_id": "P0003",
        "name": "Mug 3",
        "category": "Kitchen",
        "subcategory": None,
        "brand": "Acme",
        "list_price": "3.9900",
        "is_merchandise": True,
        "is_active": True,
        "created_at": "2026-03-25T00:30:00Z",
        "updated_at": "2026-03-25T00:30:00Z",
    }
    assert items["P0004"]["list_price"] is None


def test_the_window_is_half_open(saas: Saas, session: requests.Session) -> None:
    window = {"updated_since": "2026-03-25T00:30:00+00:00", "updated_before": "2026-03-25T02:00:00+01:00"}
    assert [item["product_id"] for item in products(saas, session, **window, limit=1)] == ["P0002", "P0003"]


def test_an_unchanged_page_is_not_sent_again(saas: Saas, session: requests.Session) -> None:
    url = f"{saas.base_url}/catalog/v1/products"
    etag = session.get(url, timeout=5).headers["ETag"]
    again = session.get(url, headers={"If-None-Match": etag}, timeout=5)
    assert (again.status_code, again.content) == (304, b"")
    assert session.get(url, params={"limit": 3}, headers={"If-None-Match": etag}, timeout=5).status_code == 200


def test_a_token_is_required(saas: Saas) -> None:
    answer = requests.get(f"{saas.base_url}/catalog/v1/products", timeout=5)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_before": "2026-03-25T00:00:00"}, "updated_before"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_wrong_parameters_are_named(
    saas: Saas, session: requests.Session, query: dict[str, str], parameter: str
) -> None:
    answer = session.get(f"{saas.base_url}/catalog/v1/products", params=query, timeout=5)
    assert (answer.status_code, answer.json()["error"]["parameter"]) == (400, parameter)


def test_a_fault_says_when_to_come_back(saas: Saas, session: requests.Session) -> None:
    saas.fail("catalog", 429, times=2, retry_after=3)
    url = f"{saas.base_url}/catalog/v1/products"
    answers = [session.get(url, timeout=5) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"


def test_a_rate_limit_stays_until_cleared(saas: Saas, session: requests.Session) -> None:
    saas.fail("catalog", 429, requests_per_second=0.5)
    url = f"{saas.base_url}/catalog/v1/products"
    answers = [session.get(url, timeout=5) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 429]
    assert answers[1].headers["Retry-After"] == "2"
    requests.delete(f"{saas.base_url}/_control/faults", timeout=5)
    assert session.get(url, timeout=5).status_code == 200


def test_a_fault_of_one_service_leaves_the_others_alone(saas: Saas, session: requests.Session) -> None:
    saas.fail("looker", 500, times=5)
    assert session.get(f"{saas.base_url}/catalog/v1/products", timeout=5).status_code == 200
    assert requests.get(f"{saas.base_url}/_control/faults", timeout=5).json()[0]["times"] == 5
