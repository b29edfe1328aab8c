"""Registers the API and the dashboard with Airflow: they stand under /analytics, for whom Airflow has signed in.

Every component of Airflow imports this, tasks too: what the API needs is imported when it is first asked.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from plugins.analytics.front import Application, Receive, Scope, Send

PREFIX = "/analytics"


class AnalyticsApi:
    """The API, made by its first request."""

    def __init__(self) -> None:
        self._made: Application | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        made = self._made
        if made is None:
            async with self._making:
                made = self._made = self._made or await asyncio.to_thread(_make)
        assert made is not None
        await made(scope, receive, send)


def _make() -> "Application":
    from plugins.analytics.api import create_app
    from plugins.analytics.audit import write_to
    from plugins.analytics.settings import Settings

    write_to(sys.stdout)  # Airflow's own logging would put words around the JSON

    return create_app(Settings.from_environment(airflow_login=True))


class AnalyticsPlugin(AirflowPlugin):
    """The REST API over the marts, and the dashboard in the navigation."""

    name = "analytics"
    fastapi_apps: list[Any] = [{"app": AnalyticsApi(), "url_prefix": PREFIX, "name": "Analytics API"}]
    external_views: list[Any] = [
        {
            "name": "Analytics",
            "href": urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/") + PREFIX + "/",
            "destination": "nav",
            "url_route": "shop-analytics",
        }
    ]
