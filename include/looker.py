"""Warm Looker's cache after a build, so that the first reader of the day does not wait."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

from airflow.sdk import task

from include import config

log = logging.getLogger(__name__)

PARALLEL_QUERIES = 4
TIMEOUT_SECONDS = 300
RETRIES = 2  # of a call: a cold cache is no reason to wait for long


@dataclass(frozen=True)
class Warmed:
    """One query of a dashboard: how long it took, and the error where it failed."""

    dashboard: str
    title: str
    seconds: float
    error: str | None = None


@task(retries=0)
def warm_looker() -> None:
    """Run every dashboard's queries once; a failure alerts and fails nothing."""
    from include import alert_events

    try:
        results = warm(looker_client())
    except Exception as error:
        log.exception("Looker's cache could not be warmed")
        alert_events.cache_warmed([], error)
        return
    for result in results:
        log.info(
            "%s · %s: %.1f s%s",
            result.dashboard,
            result.title,
            result.seconds,
            f" FAILED {result.error}" if result.error else "",
        )
    failed = [result for result in results if result.error]
    log.info("Warmed %d of %d queries", len(results) - len(failed), len(results))
    alert_events.cache_warmed(results)


def looker_client() -> Any:
    """Looker API 4.0 client from the Airflow connection `looker`."""
    import looker_sdk
    from airflow.sdk import BaseHook
    from looker_sdk.rtl import api_settings

    from include.http_session import http_session

    connection = BaseHook.get_connection(config.LOOKER)

    class Settings(api_settings.ApiSettings):
        """Looker's settings, from the connection instead of a file."""

        def read_config(self) -> api_settings.SettingsConfig:
            return {
                "base_url": connection.extra_dejson["base_url"],
                "client_id": connection.login or "",
                "client_secret": connection.password or "",
                "verify_ssl": "true",
                "timeout": str(TIMEOUT_SECONDS),
            }

    client: Any = looker_sdk.init40(config_settings=Settings())
    for prefix, adapter in http_session(("GET", "HEAD", "POST"), retries=RETRIES).adapters.items():
        client.transport.session.mount(prefix, adapter)  # the SDK itself tries once
    return client


def warm(client: Any) -> list[Warmed]:
    """Run the query of every dashboard element, a few at a time."""
    elements = list(_elements(client))
    with ThreadPoolExecutor(PARALLEL_QUERIES) as pool:
        return list(pool.map(lambda element: _run(client, *element), elements))


def _elements(client: Any) -> Iterator[tuple[str, str, str]]:
    for dashboard in client.all_dashboards(fields="id,title"):
        for element in client.dashboard_dashboard_elements(dashboard.id):
            query = element.query or (element.result_maker.query if element.result_maker else None)
            if query is not None:
                yield dashboard.title, element.title or element.id, query.id


def _run(client: Any, dashboard: str, title: str, query_id: str) -> Warmed:
    from looker_sdk.error import SDKError

    began = monotonic()
    try:
        client.run_query(query_id, "json", cache=False, transport_options={"timeout": TIMEOUT_SECONDS})
    except SDKError as error:
        return Warmed(dashboard, title, monotonic() - began, str(error))
    return Warmed(dashboard, title, monotonic() - began)
