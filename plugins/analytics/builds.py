"""The build of the marts that is served: the last one that finished."""

from calendar import timegm
from dataclasses import dataclass
from datetime import UTC, date, datetime

from plugins.analytics.metrics import Metrics
from plugins.analytics.problem import unavailable
from plugins.analytics.refreshed import Refreshed
from plugins.analytics.sessions import WarehouseSessions
from plugins.analytics.settings import Settings

OPERATION = "newestBuild"
# Then the warehouse is there, and what is served is not known to be old.
SERVED_ON = frozenset({"warehouse-busy", "warehouse-slow"})


@dataclass(frozen=True)
class Build:
    """A finished build: its number, the last day it covers, when it finished (UTC), and the currency of its amounts."""

    number: int
    data_through: date
    finished_at: datetime
    currency: str | None


class Builds:
    """Watches audit.builds."""

    def __init__(self, sessions: WarehouseSessions, settings: Settings, metrics: Metrics) -> None:
        self._sessions = sessions
        self._settings = settings
        self._metrics = metrics
        self._newest = Refreshed(
            self._load, settings.build_check_seconds, settings.retry_seconds, settings.check_wait_seconds, SERVED_ON
        )

    async def newest(self) -> Build:
        """The build to answer from: the last known one while the warehouse is too busy or too slow to be asked.

        Raises:
            Problem: 503, the warehouse is away or nothing is built yet.
        """
        return await self._newest.get()

    async def newest_within(self, seconds: float) -> Build:
        """A build that was the newest so long ago at most; asked for like any once the warehouse was found away.

        Raises:
            Problem: 503, the warehouse is away or nothing is built yet.
        """
        if self._newest.is_refused:
            return await self._newest.get()
        return await self._newest.get(seconds, ahead=False)

    def is_newest(self, build: Build) -> bool:
        """Whether no newer build is known by now."""
        return self._newest.known is not None and self._newest.known.number == build.number

    def _load(self) -> Build:
        found = self._sessions.rows(OPERATION, "serve/newest_build.sql")
        if not found or found[0]["data_through"] is None:
            raise unavailable("not-built", "no build of the marts has finished yet", self._settings.retry_seconds)
        newest, known = found[0], self._newest.known
        if known is not None and known.number == newest["build_number"]:
            return known
        currency = self._sessions.rows(OPERATION, "serve/currency.sql")[0]["currency"]
        self._metrics.serves(newest["build_number"], timegm(newest["data_through"].timetuple()))
        return Build(
            newest["build_number"], newest["data_through"], newest["finished_at"].replace(tzinfo=UTC), currency
        )
