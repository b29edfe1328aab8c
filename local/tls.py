"""The private certificate authority of the local stack, and the key pair its Snowflake users sign in with."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.addresses import client_host

HOST_NAMES = ("localhost", "127.0.0.1", "host.docker.internal")
RENEW_BEFORE = timedelta(days=7)


@dataclass(frozen=True)
class Certificates:
    """Files of the server certificate; `ca_bundle` holds the public authorities and the local one."""

    ca_bundle: Path
    certificate: Path
    key: Path


def ensure_certificates(directory: Path) -> Certificates:
    """Return the certificates in `directory`, making them when they are absent or about to expire."""
    files = Certificates(directory / "ca-bundle.pem", directory / "server.pem", directory / "server.key")
    if not _usable(files):
        directory.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="local stack")
        server = authority.issue_cert(*_names())
        public_authorities = Path(certifi.where()).read_bytes()
        files.ca_bundle.write_bytes(public_authorities.rstrip() + b"\n" + authority.cert_pem.bytes())
        files.certificate.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
        _write_secret(files.key, server.private_key_pem.bytes())
    return files


def ensure_private_key(path: Path) -> Path:
    """Return an unencrypted RSA key in PKCS8 PEM, as Snowflake's key-pair sign-in reads it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write_secret(
            path,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    return path


def client_context(ca_bundle: Path) -> ssl.SSLContext:
    """A context that trusts the local stack, for probes from the standard library."""
    return ssl.create_default_context(cafile=str(ca_bundle))


def _usable(files: Certificates) -> bool:
    if not all(path.exists() for path in (files.ca_bundle, files.certificate, files.key)):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = {str(name.value) for name in named}
    return held >= set(_names()) and certificate.not_valid_after_utc - RENEW_BEFORE > datetime.now(UTC)


def _names() -> tuple[str, ...]:
    host = client_host()
    return (*HOST_NAMES, host) if host and host not in HOST_NAMES else HOST_NAMES


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)
