"""Clients of the outside systems, made from Airflow connections."""

from functools import cache
from typing import Any

from include import config

CONNECT_SECONDS = 10
LAKE_READ_SECONDS = 60
LAKE_TRIES = 6
STATEMENT_SECONDS = 1800  # of the order database: no statement runs longer
LOCK_SECONDS = 60  # or waits longer for a lock, such as that of a migration
# A peer that has gone without a word is noticed after 60 seconds, not after the system's two hours.
KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


def lake_client() -> Any:
    """boto3 client of the lake, with timeouts and bounded retries with back-off and jitter; one for the whole process.

    To make one takes as long as to load a small batch: boto3 reads its description of S3 each time.
    """
    return _lake_client(_connection(config.LAKE).get_uri(), CONNECT_SECONDS, LAKE_READ_SECONDS, LAKE_TRIES)


@cache
def _lake_client(uri: str, connect_seconds: float, read_seconds: float, tries: int) -> Any:
    """The client for a connection as it stands now: one that changes gets another."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    retries = {"total_max_attempts": tries, "mode": "standard"}
    settings = Config(connect_timeout=connect_seconds, read_timeout=read_seconds, retries=retries)
    hook = S3Hook(aws_conn_id=config.LAKE, config=settings)
    # Not hook.get_conn: to name the operator in its requests, it looks through the source of all that is imported.
    endpoint = hook.conn_config.get_service_endpoint_url(service_name="s3")
    return hook.get_session().client("s3", endpoint_url=endpoint, verify=hook.verify, config=settings)


def order_db_client() -> Any:
    """Read-only ADBC connection to the order database; statements end after 30 minutes, waits for locks after one.

    It is not tried again here: a read that broke off begins anew with the task's next try.
    """
    from urllib.parse import quote, urlencode

    import adbc_driver_postgresql.dbapi

    connection = _connection(config.ORDER_DB)
    credentials = f"{quote(connection.login or '', safe='')}:{quote(connection.password or '', safe='')}"
    limits = {
        "default_transaction_read_only": "on",
        "statement_timeout": int(STATEMENT_SECONDS * 1000),
        "lock_timeout": int(LOCK_SECONDS * 1000),
    }
    settings = {
        "connect_timeout": CONNECT_SECONDS,
        **KEEPALIVES,
        "sslmode": connection.extra_dejson.get("sslmode", "prefer"),
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }
    return adbc_driver_postgresql.dbapi.connect(
        f"postgresql://{credentials}@{connection.host}:{connection.port or 5432}/{connection.schema}"
        f"?{urlencode(settings, quote_via=quote)}"
    )


def bigquery_client() -> tuple[Any, str]:
    """BigQuery client and the full id of the Google Analytics dataset."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery
    from google.oauth2 import service_account

    from include.http_session import wait_as_told

    extra = _connection(config.GOOGLE_ANALYTICS).extra_dejson
    key = extra.get("keyfile_dict")
    endpoint = extra.get("api_endpoint")
    if key:
        credentials: Any = service_account.Credentials.from_service_account_info(key)
    else:
        credentials = AnonymousCredentials() if endpoint else None  # None: workload identity
    client = bigquery.Client(
        project=extra["project"],
        credentials=credentials,
        client_options=ClientOptions(api_endpoint=endpoint) if endpoint else None,
    )
    wait_as_told(client._http)
    return client, f"{extra.get('dataset_project', extra['project'])}.{extra['dataset']}"


def crm_client() -> Any:
    """Salesforce client: OAuth with a connected app's key pair or secret, as the connection says."""
    from simple_salesforce.api import Salesforce

    from include.http_session import http_session

    connection = _connection(config.CRM)
    extra = connection.extra_dejson
    # Only logins and queries are sent: a second one does no harm, so every method may be tried again.
    session = http_session(("GET", "HEAD", "POST", "PATCH", "DELETE"))
    if extra.get("session_id"):
        return Salesforce(instance_url=extra["instance_url"], session_id=extra["session_id"], session=session)
    return Salesforce(
        username=connection.login,
        consumer_key=extra["consumer_key"],
        privatekey=connection.password,
        domain=extra.get("domain", "login"),
        session=session,
    )


def catalog_client() -> tuple[Any, str]:
    """HTTP session that carries the catalog's token and keeps pages by their ETag, and the catalog's base URL."""
    from include.http_session import http_session

    connection = _connection(config.CATALOG)
    session = http_session(kept_in=config.HTTP_CACHE_DIR)
    session.headers["Authorization"] = f"Bearer {connection.password}"
    port = f":{connection.port}" if connection.port else ""
    return session, f"{connection.schema or 'https'}://{connection.host}{port}"


def email_hash_key() -> bytes:
    """Key of the hash that stands for e-mail addresses outside schema pii."""
    return _connection(config.EMAIL_HASH_KEY).password.encode()


def _connection(conn_id: str) -> Any:
    from airflow.sdk import BaseHook

    return BaseHook.get_connection(conn_id)
