"""Looker: its client, and the task that warms its cache after a build, so that the first reader does not wait."""

import logging
from dataclasses import dataclass
from typing import Any, cast

from airflow.sdk import task

from include import config

log = logging.getLogger(__name__)

RETRIES = 3
CALL_SECONDS = 60


@dataclass(frozen=True)
class Warmed:
    """What became of a dashboard's query: how long it took, the error where it failed, or that it was still warm."""

    dashboard: str
    title: str
    seconds: float
    error: str | None = None
    skipped: bool = False

    def __str__(self) -> str:
        outcome = "unchanged, not run" if self.skipped else f"{self.seconds:.1f} s"
        return f"{self.dashboard} · {self.title}: {outcome}{f' FAILED {self.error}' if self.error else ''}"


@task(retries=0)
def warm_looker() -> None:
    """Run the queries of the exposed dashboards whose marts have changed; a failure alerts and fails nothing."""
    from include import alert_events, lineage
    from include.warehouse import open_warehouse
    from include.warming import warm

    try:
        with open_warehouse("warm_looker") as warehouse:
            results = warm(looker_client(), warehouse, lineage.read())
    except Exception as error:
        log.exception("Looker's cache could not be warmed")
        alert_events.cache_warmed([], error)
        return
    for result in results:
        log.info("%s", result)
    ran = [result for result in results if not result.skipped]
    failed = [result for result in ran if result.error]
    log.info(
        "Ran %d of %d queries, %d failed; the others read no table that has changed",
        len(ran),
        len(results),
        len(failed),
    )
    alert_events.cache_warmed(ran)


def looker_client() -> Any:
    """Looker API 4.0 client from the Airflow connection `looker`; calls time out and are repeated on 429 and 5xx."""
    import looker_sdk
    from airflow.sdk import BaseHook
    from looker_sdk.rtl import api_settings
    from looker_sdk.rtl.requests_transport import RequestsTransport

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
                "timeout": str(CALL_SECONDS),
            }

    logging.getLogger("looker_sdk").setLevel(logging.WARNING)  # it logs every call
    client = looker_sdk.init40(config_settings=Settings())
    # POST, too: to log in, to look a query up by its content and to run it can all be repeated.
    patient = http_session(("GET", "POST"), retries=RETRIES)
    cast(RequestsTransport, client.transport).session.mount("https://", patient.get_adapter("https://"))
    return client
