"""API keys: made, listed and ended by a command, checked by the API. A key is `<key id>.<secret>`."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from plugins.analytics.limiting import FailedSignIns
from plugins.analytics.refreshed import Refreshed
from plugins.analytics.sessions import WarehouseSessions
from plugins.analytics.settings import Settings

if TYPE_CHECKING:
    from include.warehouse import Warehouse

ANALYTICS_READ = "analytics:read"
CUSTOMERS_READ = "customers:read"
PII = "pii"
SCOPES = {
    ANALYTICS_READ: "figures of the shop: no row of a single customer",
    CUSTOMERS_READ: "rows of single customers, by key, without personal data",
    PII: "name, e-mail and phone of a customer, when asked for with include=pii",
}
KEY_PREFIX = "ak_"
SECRET_BYTES = 32
KEPT_ON = frozenset({"warehouse-away", "warehouse-busy", "warehouse-slow", "not-built"})
NOBODYS_HASH = hashlib.sha256(secrets.token_bytes(SECRET_BYTES)).hexdigest()


@dataclass(frozen=True)
class ApiKey:
    """A key as it is stored. The expiry is UTC; `requests_per_minute` None means the API's own limit."""

    key_id: str
    name: str
    secret_sha256: str
    scopes: frozenset[str]
    requests_per_minute: int | None
    expires_at: datetime

    def opened_by(self, secret: str) -> bool:
        """Whether this is its secret, found out in constant time."""
        return hmac.compare_digest(self.secret_sha256, _hash(secret))

    def is_expired(self, now: datetime) -> bool:
        return now >= self.expires_at


def create(
    warehouse: "Warehouse",
    name: str,
    scopes: Sequence[str],
    lasting: timedelta,
    requests_per_minute: int | None = None,
) -> str:
    """Make a key and return it; it is shown this once, only its hash is kept.

    Raises:
        ValueError: there is no such scope.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"unknown scope {', '.join(unknown)}: choose among {', '.join(SCOPES)}")
    key_id, secret = KEY_PREFIX + secrets.token_hex(8), secrets.token_urlsafe(SECRET_BYTES)
    now = datetime.now(UTC).replace(tzinfo=None)
    values = {
        "key_id": key_id,
        "key_name": name,
        "secret_sha256": _hash(secret),
        "scopes": " ".join(sorted(set(scopes))),
        "requests_per_minute": requests_per_minute,
        "created_at": now,
        "expires_at": now + lasting,
    }
    warehouse.run("keys/insert.sql", values)
    return f"{key_id}.{secret}"


def revoke(warehouse: "Warehouse", key_id: str) -> bool:
    """End a key; whether there was one to end."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return bool(warehouse.run("keys/revoke.sql", {"key_id": key_id, "revoked_at": now}).rowcount)


class Keys:
    """The keys that may be used, as the warehouse holds them; kept in use while the warehouse is away."""

    def __init__(self, sessions: WarehouseSessions, settings: Settings, failures: FailedSignIns) -> None:
        self._sessions = sessions
        self._failures = failures
        self._unknown_key_seconds = settings.unknown_key_seconds
        self._active = Refreshed(
            self._load, settings.key_check_seconds, settings.retry_seconds, settings.check_wait_seconds, KEPT_ON
        )

    async def find(self, presented: str, client: str) -> ApiKey | None:
        """The key that was presented, also an expired one; None when there is none or its secret is another.

        Raises:
            Problem: 429, no such key is known and the client's address has failed too often for more to be looked for.
        """
        known = self._active.known
        key = _opened(known, presented) if known is not None else None
        if key is None:
            self._failures.refuse(client)
            return _opened(await self._active.get(at_most=self._unknown_key_seconds), presented)
        active = await self._active.get()
        return key if active is known else _opened(active, presented)

    def _load(self) -> dict[str, ApiKey]:
        return {
            row["key_id"]: ApiKey(
                row["key_id"],
                row["key_name"],
                row["secret_sha256"],
                frozenset(row["scopes"].split()),
                row["requests_per_minute"],
                row["expires_at"].replace(tzinfo=UTC),
            )
            for row in self._sessions.rows("activeKeys", "keys/active.sql")
        }


def _opened(active: Mapping[str, ApiKey], presented: str) -> ApiKey | None:
    """The key that was presented, if its secret is right."""
    key_id, _, secret = presented.partition(".")
    key = active.get(key_id)
    if key is None:
        hmac.compare_digest(NOBODYS_HASH, _hash(secret))  # an unknown key takes as long as a wrong secret
        return None
    return key if key.opened_by(secret) else None


def _hash(secret: str) -> str:
    """SHA-256 suffices: the secret is 256 random bits, which no dictionary holds and nobody tries out."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
