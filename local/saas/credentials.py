"""Access tokens and key pairs of the stand-ins: enough to make clients log in as they would to the real services."""

import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

GOOGLE_ACCOUNT = "airflow@shop-analytics.iam.gserviceaccount.com"
GOOGLE_KEY_FILE = "google_service_account.json"
SALESFORCE_KEY_FILE = "salesforce_private_key.pem"


class Tokens:
    """Issues a service's bearer tokens and tells its own from others.

    Tokens are signed, not stored, so that they survive a restart of the stand-ins until they expire.
    """

    def __init__(self, service: str, lifetime: int = 3600, standing: str | None = None) -> None:
        """`lifetime` is in seconds; `standing` is a token that never expires."""
        self.lifetime = lifetime
        self._service = service
        self._standing = standing
        self._revoked: set[str] = set()

    def issue(self) -> str:
        """A new token, good for `lifetime` seconds."""
        body = f"{self._service}.{int(time.time()) + self.lifetime}.{secrets.token_hex(6)}"
        return f"{body}.{self._signature(body)}"

    def accepts(self, token: str) -> bool:
        """Whether the token is the service's own and neither expired nor revoked."""
        if token in self._revoked:
            return False
        if self._standing is not None and hmac.compare_digest(token.encode(), self._standing.encode()):
            return True
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return False
        return int(body.split(".")[1]) > time.time()

    def revoke(self, token: str) -> None:
        """End a token before its time."""
        self._revoked.add(token)

    def _signature(self, body: str) -> str:
        return hmac.new(self._service.encode(), body.encode(), hashlib.sha256).hexdigest()[:32]


def bearer(authorization: str | None, schemes: tuple[str, ...] = ("Bearer",)) -> str | None:
    """The token of an Authorization header, or None when there is none of a known scheme."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme in schemes and token.strip() else None


def private_key(state_dir: Path) -> rsa.RSAPrivateKey:
    """The key pair the stand-ins trust for signed logins; made at the first call and kept in `<state>/keys`."""
    path = state_dir / "keys" / SALESFORCE_KEY_FILE
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(f"{path} is not an RSA private key")
        return key
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_pem(key))
    return key


def write_google_key(state_dir: Path, base_url: str) -> Path:
    """Write a service-account key file whose tokens come from the stand-in at `base_url`; returns its path."""
    path = state_dir / "keys" / GOOGLE_KEY_FILE
    account = {
        "type": "service_account",
        "project_id": "shop-analytics",
        "private_key_id": "local",
        "private_key": _pem(private_key(state_dir)).decode(),
        "client_email": GOOGLE_ACCOUNT,
        "client_id": "1",
        "token_uri": f"{base_url}/oauth2/token",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(account, indent=2))
    return path


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
