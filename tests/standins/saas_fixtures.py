"""A running server of the hosted services, over TLS on a free port, for the tests beside this file."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import trustme
import uvicorn

from local.saas.app import create_app
from local.saas.credentials import write_google_key
from tests.standins import saas_dataset

TRUST_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class Saas:
    """Where the server is and what it keeps."""

    base_url: str
    state: Path
    dataset: Path
    control: requests.Session = field(default_factory=requests.Session)

    @property
    def host(self) -> str:
        """Host and port."""
        return self.base_url.removeprefix("https://")

    def fail(self, service: str, status: int, **more: object) -> None:
        """Put a fault in force."""
        body = {"service": service, "status": status, **more}
        self.control.post(f"{self.base_url}/_control/faults", json=body, timeout=5).raise_for_status()


@pytest.fixture(scope="module")
def saas_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saas]:
    """One server for the tests of a module; the clients trust its certificate through the environment."""
    directory = tmp_path_factory.mktemp("saas")
    dataset = saas_dataset.write(directory / "dataset")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
    (directory / "cert.pem").write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    bundle = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    base_url = f"https://localhost:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(dataset, directory / "state"),
        ssl_certfile=directory / "cert.pem",
        ssl_keyfile=directory / "key.pem",
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    write_google_key(directory / "state", base_url)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    before = {name: os.environ.get(name) for name in TRUST_VARIABLES}
    os.environ.update(dict.fromkeys(TRUST_VARIABLES, str(bundle)))
    running = Saas(base_url, directory / "state", dataset)
    yield running
    running.control.close()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    server.should_exit = True
    thread.join(timeout=5)
    listener.close()


@pytest.fixture
def saas(saas_server: Saas) -> Saas:
    """The server, with no faults, overrides or messages left from another test."""
    for path in ("faults", "bigquery/tables", "looker/queries", "slack/messages"):
        saas_server.control.delete(f"{saas_server.base_url}/_control/{path}", timeout=5).raise_for_status()
    saas_server.control.post(f"{saas_server.base_url}/_control/salesforce", json={}, timeout=5).raise_for_status()
    return saas_server
