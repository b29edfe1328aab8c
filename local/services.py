"""The services of the stack: how each is started, on which port, and how one knows that it answers."""

import http.client
import importlib.util
import os
import smtplib
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
import psycopg

from local.errors import StackError
from local.postgres import Cluster
from local.tls import client_context

NAMES = ("snowflake", "s3", "postgres", "saas", "smtp")
DEFAULT_PORT_BASE = 4510
PORT_STEP = 10
PORT_VARIABLE = "LOCAL_PORT_BASE"
PROBE_SECONDS = 5


@dataclass(frozen=True)
class Service:
    """One child process of the stack."""

    name: str
    port: int
    command: list[str]
    answers: Callable[[], bool]
    user: str | None = None
    interrupt: bool = False  # PostgreSQL's fast shutdown is SIGINT


def choose_ports(held: dict[str, int]) -> dict[str, int]:
    """A port for each service: in steps from LOCAL_PORT_BASE, or free ones (those of the last time) when it is 0."""
    base = os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT_BASE))
    if not base.isdigit() or int(base) > 65_000:
        raise StackError(f"{PORT_VARIABLE} must be a port number, or 0 for any free ports; it is {base!r}.")
    if int(base):
        return {name: int(base) + PORT_STEP * place for place, name in enumerate(NAMES)}
    return {name: held.get(name) or _free_port() for name in NAMES}


def require_free_port(name: str, port: int) -> None:
    """Raise StackError when another program listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise StackError(
                f"Port {port}, which {name} would use, is in use{_listener(port)}: stop that program, or set "
                f"{PORT_VARIABLE} to the first of other ports, such as {PORT_VARIABLE}={DEFAULT_PORT_BASE + 1000}."
            ) from None


def describe(state: Path, ports: dict[str, int], dataset: Path) -> list[Service]:
    """Every service that can be run, in the order in which they are started."""
    ca_bundle = state / "tls" / "ca-bundle.pem"
    cluster = Cluster(state / "postgres", ports["postgres"])

    def module(name: str, service: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", name, "--state", str(state), "--port", str(ports[service]), *arguments]

    services = [
        Service("s3", ports["s3"], module("local.s3", "s3"), lambda: _http_answers(ports["s3"], None, "/")),
        Service(
            "snowflake",
            ports["snowflake"],
            module("local.snowflake.server", "snowflake", "--s3-endpoint", f"http://127.0.0.1:{ports['s3']}"),
            lambda: _http_answers(ports["snowflake"], ca_bundle, "/health"),
        ),
        Service("smtp", ports["smtp"], module("local.smtp", "smtp"), lambda: _smtp_answers(ports["smtp"])),
        Service(
            "postgres",
            ports["postgres"],
            cluster.command(),
            lambda: _postgres_answers(cluster),
            user=cluster.user(),
            interrupt=True,
        ),
    ]
    if importlib.util.find_spec("local.saas.app"):
        services.append(
            Service(
                "saas",
                ports["saas"],
                module("local.saas_server", "saas", "--dataset", str(dataset)),
                lambda: _http_answers(ports["saas"], ca_bundle, "/"),
            )
        )
    return services


@cache
def _context(ca_bundle: Path, written_at: int) -> ssl.SSLContext:
    """To read all public authorities takes longer than to ask a service, which is done until it answers."""
    return client_context(ca_bundle)


def _http_answers(port: int, ca_bundle: Path | None, path: str) -> bool:
    """Whether a web server answers with anything but a server error."""
    try:
        if ca_bundle is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_SECONDS)
        else:
            context = _context(ca_bundle, ca_bundle.stat().st_mtime_ns)
            connection = http.client.HTTPSConnection("localhost", port, timeout=PROBE_SECONDS, context=context)
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False


def _postgres_answers(cluster: Cluster) -> bool:
    try:
        with cluster.connect() as connection:
            return connection.execute("select 1").fetchone() is not None
    except psycopg.Error:
        return False


def _smtp_answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=PROBE_SECONDS) as client:
            return client.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listener(port: int) -> str:
    """' (by python, process 17)' when that can be seen, else ''."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f" (by {psutil.Process(connection.pid).name()}, process {connection.pid})"
    except psutil.Error:
        return ""
    return ""
