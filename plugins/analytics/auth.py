"""Who asks: the owner of an API key, or a user whom Airflow has signed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any, Protocol

from plugins.analytics.keys import ANALYTICS_READ, CUSTOMERS_READ, KEY_PREFIX, Keys
from plugins.analytics.limiting import FailedSignIns
from plugins.analytics.problem import Problem

# What Airflow's auth manager is asked about its user; roles are given these resources like any other view.
AIRFLOW_VIEWS = {ANALYTICS_READ: "Analytics", CUSTOMERS_READ: "Analytics customers"}


@dataclass(frozen=True)
class Principal:
    """Who asks, and what they may read. `requests_per_minute` None means the API's own limit."""

    name: str
    scopes: frozenset[str]
    requests_per_minute: int | None = None

    def require(self, scope: str) -> None:
        """Raise a Problem (403) unless the principal has the scope."""
        if scope not in self.scopes:
            raise Problem(
                403,
                "missing-scope",
                f"this needs the scope {scope}",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )


class NotAuthenticated(Problem):
    """A 401. `who` is the name of a principal whose credentials were right, but are good no more."""

    def __init__(self, detail: str, who: str | None = None) -> None:
        super().__init__(401, "not-authenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="analytics"'})
        self.who = who


class Login(Protocol):
    """A way of signing in."""

    async def principal(self, headers: Mapping[bytes, bytes], client: str) -> Principal | None:
        """Who asks from a client's address; None when these headers hold nothing for this way.

        Raises:
            NotAuthenticated: the credentials are wrong.
        """


class KeyLogin:
    """API keys, in `X-API-Key` or as a Bearer token."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def principal(self, headers: Mapping[bytes, bytes], client: str) -> Principal | None:
        presented = headers.get(b"x-api-key", b"").decode("latin-1") or _bearer(headers)
        if b"x-api-key" not in headers and not presented.startswith(KEY_PREFIX):
            return None
        key = await self._keys.find(presented, client)
        if key is None:
            raise NotAuthenticated("the API key is not valid")
        if key.is_expired(datetime.now(UTC)):
            raise NotAuthenticated("the API key has expired", key.key_id)
        return Principal(key.key_id, key.scopes, key.requests_per_minute)


class AirflowLogin:
    """Airflow's own login: its token in the cookie of the UI, or as a Bearer token. Personal data is for keys only."""

    async def principal(self, headers: Mapping[bytes, bytes], client: str) -> Principal | None:
        from airflow.api_fastapi.core_api.security import COOKIE_NAME_JWT_TOKEN, resolve_user_from_token
        from fastapi import HTTPException

        token = _bearer(headers) or _cookie(headers, COOKIE_NAME_JWT_TOKEN)
        if not token:
            return None
        try:
            user = await resolve_user_from_token(token)
        except HTTPException as error:
            raise NotAuthenticated("Airflow does not know this token") from error
        return Principal(user.get_name(), frozenset(_airflow_scopes(user)))


class Logins:
    """All ways of signing in; the first that finds credentials decides. Wrong ones are counted."""

    def __init__(self, failures: FailedSignIns, *logins: Login) -> None:
        self._failures = failures
        self._logins = logins

    async def principal(self, headers: Mapping[bytes, bytes], client: str) -> Principal:
        """Who asks from a client's address.

        Raises:
            NotAuthenticated: nobody is signed in.
            Problem: 429, this address has failed too often.
        """
        for login in self._logins:
            try:
                found = await login.principal(headers, client)
            except NotAuthenticated:
                self._failures.count(client)
                raise
            if found is not None:
                return found
        raise NotAuthenticated("an API key is needed: `Authorization: Bearer <key>`")


def _bearer(headers: Mapping[bytes, bytes]) -> str:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie(headers: Mapping[bytes, bytes], name: str) -> str:
    try:
        held = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(name)
    except CookieError:
        return ""
    return held.value if held else ""


def _airflow_scopes(user: Any) -> list[str]:
    from airflow.api_fastapi.app import get_auth_manager

    manager = get_auth_manager()
    return [
        scope
        for scope, view in AIRFLOW_VIEWS.items()
        if manager.is_authorized_custom_view(method="GET", resource_name=view, user=user)
    ]
