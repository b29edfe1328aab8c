"""Connections, pools and variables of airflow_settings.yaml, fitted to the running stack."""

import base64
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from local.stack import Stack

FILE = Path(__file__).resolve().parent.parent / "airflow_settings.yaml"


class SettingsError(Exception):
    """airflow_settings.yaml is not of the form the Astro CLI reads. The message names the entry."""


@dataclass(frozen=True)
class Connection:
    """An Airflow connection; `extra` as the object it is."""

    conn_id: str
    conn_type: str
    host: str | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    port: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    """How many tasks may use one thing at a time."""

    name: str
    slots: int
    description: str


@dataclass(frozen=True)
class Settings:
    """All of the file."""

    connections: list[Connection]
    pools: list[Pool]
    variables: dict[str, str]

    def for_stack(self, stack: Stack) -> "Settings":
        """The same with the addresses and keys of the running stack."""
        return replace(self, connections=[_fitted(connection, stack) for connection in self.connections])

    def environment(self) -> dict[str, str]:
        """The connections as AIRFLOW_CONN_<ID> variables, for processes that have no metadata database."""
        return {f"AIRFLOW_CONN_{item.conn_id.upper()}": json.dumps(_as_object(item)) for item in self.connections}

    def as_file(self) -> dict[str, dict[str, Any]]:
        """The connections by id, as Airflow's LocalFilesystemBackend reads them from a JSON file."""
        made = {item.conn_id: _as_object(item) for item in self.connections}
        return {
            name: {("extra_dejson" if key == "extra" else key): value for key, value in held.items()}
            for name, held in made.items()
        }


def read_settings(file: Path = FILE) -> Settings:
    """Read the settings file.

    Raises:
        SettingsError: an entry lacks its name, or a number is none.
    """
    sections = (yaml.safe_load(file.read_text()) or {}).get("airflow") or {}
    try:
        return Settings(
            connections=[_connection(entry) for entry in sections.get("connections") or []],
            pools=[
                Pool(entry["pool_name"], int(entry["pool_slot"]), entry.get("pool_description") or "")
                for entry in sections.get("pools") or []
            ],
            variables={
                entry["variable_name"]: str(entry["variable_value"]) for entry in sections.get("variables") or []
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{file.name}: an entry is incomplete or misspelt: {error!r}") from error


def _connection(entry: dict[str, Any]) -> Connection:
    port, extra = entry.get("conn_port"), entry.get("conn_extra")
    return Connection(
        conn_id=entry["conn_id"],
        conn_type=entry["conn_type"],
        host=entry.get("conn_host"),
        schema=entry.get("conn_schema"),
        login=entry.get("conn_login"),
        password=entry.get("conn_password"),
        port=int(port) if port else None,
        extra=json.loads(extra) if isinstance(extra, str) else extra or {},
    )


def _fitted(connection: Connection, stack: Stack) -> Connection:
    """A connection that leads to the stack; one that the stack does not know is left as it is."""
    ends = stack.endpoints
    services = ends["saas"]["base_url"]
    match connection.conn_id:
        case "warehouse" | "warehouse_reader" | "warehouse_pii_reader":
            snowflake = ends["snowflake"]
            key = base64.b64encode(Path(snowflake["private_key_file"]).read_bytes()).decode()
            known = {name: snowflake[name] for name in ("account", "database", "host", "port")}
            extra = connection.extra | known | {"private_key_content": key}
            return replace(connection, login=snowflake["user"], extra=extra)
        case "lake":
            s3 = ends["s3"]
            extra = connection.extra | {"endpoint_url": s3["endpoint_url"], "region_name": s3["region"]}
            return replace(connection, login=s3["access_key"], password=s3["secret_key"], extra=extra)
        case "order_db":
            shop = ends["postgres"]
            return replace(
                connection,
                host=shop["host"],
                port=shop["port"],
                schema=shop["order_db"],
                login=shop["reader"],
                password=shop["reader_password"],
            )
        case "google_analytics":
            return replace(connection, extra=connection.extra | {"api_endpoint": services})
        case "crm":
            return replace(connection, extra=connection.extra | {"instance_url": services})
        case "looker":
            return replace(connection, extra=connection.extra | {"base_url": services})
        case "catalog":
            return replace(connection, host=urlsplit(services).hostname, port=urlsplit(services).port)
        case "slack_alerts":
            return replace(connection, host=f"{services}/slack/services")
        case "smtp_default":
            return replace(connection, host=ends["smtp"]["host"], port=ends["smtp"]["port"])
        case _:
            return connection


def _as_object(connection: Connection) -> dict[str, Any]:
    known = {
        "conn_type": connection.conn_type,
        "host": connection.host,
        "schema": connection.schema,
        "login": connection.login,
        "password": connection.password,
        "port": connection.port,
        "extra": connection.extra,
    }
    return {name: value for name, value in known.items() if value not in (None, {})}
