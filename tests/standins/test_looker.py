"""looker-sdk against the stand-in."""

import json

import looker_sdk
import pytest
import requests
from looker_sdk import models40
from looker_sdk.error import SDKError
from looker_sdk.rtl import api_settings
from looker_sdk.sdk.api40.methods import Looker40SDK

from tests.standins.saas_fixtures import Saas, saas, saas_server

__all__ = ["saas", "saas_server"]


def connect(saas: Saas, secret: str = "local-looker-secret") -> Looker40SDK:
    class Settings(api_settings.ApiSettings):
        def read_config(self) -> api_settings.SettingsConfig:
            return {"base_url": saas.base_url, "client_id": "local-looker-client", "client_secret": secret}

    return looker_sdk.init40(config_settings=Settings())


@pytest.fixture
def looker(saas: Saas) -> Looker40SDK:
    return connect(saas)


def queries(saas: Saas) -> list[dict]:
    return requests.get(f"{saas.base_url}/_control/looker/queries", timeout=5).json()


def test_warming_every_dashboard_is_recorded(saas: Saas, looker: Looker40SDK) -> None:
    for dashboard in looker.all_dashboards(fields="id,title"):
        assert dashboard.slug is None  # not asked for
        for element in looker.dashboard_dashboard_elements(str(dashboard.id)):
            assert element.query is not None
            rows = json.loads(looker.run_query(str(element.query.id), "json", cache=False))
            assert set(rows[0]) == set(element.query.fields or [])
    warmed = queries(saas)
    assert {name for query in warmed for name in query["dashboards"]} == {"executive_overview", "customer_360"}
    assert len(warmed) == 7
    assert not any(query["from_cache"] for query in warmed)


def test_a_dashboard_holds_its_elements(looker: Looker40SDK) -> None:
    dashboard = looker.dashboard("customer_360")
    assert dashboard.title == "Customer 360"
    assert next(element.title for element in dashboard.dashboard_elements or []) == "Customers by segment"


def test_an_inline_query_equal_to_a_tiles_has_its_id(saas: Saas, looker: Looker40SDK) -> None:
    tile = (looker.dashboard("executive_overview").dashboard_elements or [])[0].query
    assert tile is not None
    body = models40.WriteQuery(
        model=tile.model, view=tile.view, fields=tile.fields, filters=tile.filters, limit=tile.limit
    )
    first = looker.run_inline_query("json", body)
    assert looker.run_inline_query("json", body) == first
    assert looker.create_query(body).id == tile.id
    assert [query["from_cache"] for query in queries(saas)][-1]
    assert looker.run_inline_query("csv", body, limit=1).count("\n") == 2


def test_logging_out_ends_the_token(saas: Saas, looker: Looker40SDK) -> None:
    assert looker.me().id == "1"
    token = looker.auth.token.access_token
    looker.auth.logout()
    answer = requests.get(
        f"{saas.base_url}/api/4.0/dashboards", headers={"Authorization": f"Bearer {token}"}, timeout=5
    )
    assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication.")


def test_wrong_credentials_are_refused(saas: Saas) -> None:
    with pytest.raises(SDKError, match="Not found"):
        connect(saas, "guessed").me()


def test_unknown_and_wrong_things(looker: Looker40SDK) -> None:
    with pytest.raises(SDKError, match="Not found"):
        looker.dashboard("nothing")
    with pytest.raises(SDKError, match="Not found"):
        looker.run_query("1", "json")
    with pytest.raises(SDKError, match="Validation Failed") as raised:
        looker.create_query(models40.WriteQuery(model="analytics", view=""))
    assert raised.value.errors[0].field == "view"


def test_faults_raise_the_sdks_error(saas: Saas, looker: Looker40SDK) -> None:
    looker.me()
    saas.fail("looker", 500)
    with pytest.raises(SDKError, match="An error has occurred"):
        looker.all_dashboards()
    assert len(looker.all_dashboards()) == 2
