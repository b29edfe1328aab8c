"""looker-sdk against the stand-in."""

import json
import time

import looker_sdk
import pytest
import requests
from looker_sdk import models40
from looker_sdk.error import SDKError
from looker_sdk.rtl import api_settings
from looker_sdk.sdk.api40.methods import Looker40SDK

from local.lookml import Project
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


def test_the_dashboards_are_those_of_the_lookml_project_and_their_queries_run(saas: Saas, looker: Looker40SDK) -> None:
    project = Project()
    for dashboard in looker.all_dashboards(fields="id,title"):
        assert dashboard.slug is None  # not asked for
        for element in looker.dashboard_dashboard_elements(str(dashboard.id)):
            assert element.query is not None
            rows = json.loads(looker.run_query(str(element.query.id), "json", cache=False))
            assert set(rows[0]) == set(element.query.fields or [])
    ran = queries(saas)
    assert {name for query in ran for name in query["dashboards"]} == {
        f"analytics::{name}" for name in project.dashboards
    }
    assert len(ran) == sum(len(dashboard["elements"]) for dashboard in project.dashboards.values())
    assert not any(query["from_cache"] for query in ran)


def test_a_dashboard_holds_its_elements_and_what_they_listen_to(looker: Looker40SDK) -> None:
    dashboard = looker.dashboard("analytics::executive_overview")
    assert dashboard.title == "Executive overview"
    assert [(each.name, each.default_value) for each in dashboard.dashboard_filters or []] == [("Days", "90 days")]
    element = (dashboard.dashboard_elements or [])[0]
    assert element.title == "Net revenue"
    [filterable] = element.result_maker.filterables
    assert [(each.dashboard_filter_name, each.field) for each in filterable.listen] == [
        ("Days", "agg_daily_kpis.calendar_date")
    ]


def run(looker: Looker40SDK, query_id: str, result_format: models40.ResultFormat, cache: bool) -> str | None:
    """Status of a query task when it has ended."""
    body = models40.WriteCreateQueryTask(query_id=query_id, result_format=result_format)
    task = looker.create_query_task(body, cache=cache)
    assert task.status == "added"
    return looker.query_task(str(task.id), fields="status").status


def test_only_a_task_that_keeps_its_result_fills_the_cache(saas: Saas, looker: Looker40SDK) -> None:
    """As the SDK says of create_query_task: streamed formats write nothing to the cache, json_detail does."""
    tile = (looker.dashboard("analytics::products").dashboard_elements or [])[0].query
    assert tile is not None
    for result_format in (models40.ResultFormat.json, models40.ResultFormat.json_detail, models40.ResultFormat.json):
        assert run(looker, str(tile.id), result_format, cache=True) == "complete"
    assert [query["from_cache"] for query in queries(saas)] == [False, False, True]


def test_a_query_for_a_field_that_is_not_there_fails_when_it_runs(saas: Saas, looker: Looker40SDK) -> None:
    wrong = models40.WriteQuery(model="analytics", view="fct_orders", fields=["fct_orders.profit"])
    query = looker.create_query(wrong)
    assert run(looker, str(query.id), models40.ResultFormat.json_detail, cache=False) == "error"
    with pytest.raises(SDKError, match=r"Unknown field fct_orders\.profit"):
        looker.run_inline_query("json", wrong)
    assert queries(saas) == []


def test_explores_tell_their_joins_and_datagroups_when_they_were_checked(looker: Looker40SDK) -> None:
    explore = looker.lookml_model_explore("analytics", "fct_orders", fields="name,view_name,joins")
    assert (explore.view_name, [join.name for join in explore.joins or []]) == ("fct_orders", ["dim_customers"])
    began = time.time()
    groups = looker.all_datagroups()
    assert {group.name for group in groups} == set(Project().datagroups)
    assert all((group.trigger_check_at or 0) >= began for group in groups)


def test_an_inline_query_equal_to_a_tiles_has_its_id(saas: Saas, looker: Looker40SDK) -> None:
    tile = (looker.dashboard("analytics::executive_overview").dashboard_elements or [])[0].query
    assert tile is not None
    body = models40.WriteQuery(
        model=tile.model, view=tile.view, fields=tile.fields, filters=tile.filters, limit=tile.limit
    )
    first = looker.run_inline_query("json_detail", body)
    assert looker.run_inline_query("json_detail", body) == first
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
    assert len(looker.all_dashboards()) == len(Project().dashboards)
