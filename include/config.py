"""Settings of a deployment, read from the environment; secrets live in Airflow connections, never here."""

import os
import tempfile
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

INCLUDE_DIR = Path(__file__).parent
DBT_DIR = INCLUDE_DIR / "dbt"
SQL_DIR = INCLUDE_DIR / "sql"
CONTRACTS_DIR = INCLUDE_DIR / "contracts"
EXPECTATIONS_DIR = INCLUDE_DIR / "expectations"

STORE_TIMEZONE = os.environ.get("STORE_TIMEZONE", "Europe/London")
LAKE_BUCKET = os.environ.get("LAKE_BUCKET", "analytics-lake")
SNOWFLAKE_ACCOUNT = os.environ.get("SNOWFLAKE_ACCOUNT", "local")
SNOWFLAKE_DATABASE = os.environ.get("SNOWFLAKE_DATABASE", "ANALYTICS")
DATA_DOCS_DIR = Path(os.environ.get("DATA_DOCS_DIR", INCLUDE_DIR.parent / "data_docs"))
DATA_DOCS_URL = os.environ.get("DATA_DOCS_URL", "")  # where that folder is published, e.g. a bucket's site
RUNBOOKS_URL = os.environ.get("RUNBOOKS_URL", "")  # where docs/runbooks can be read, e.g. the repository's page of it
DATA_DOCS_DAYS = int(os.environ.get("DATA_DOCS_DAYS", "30"))  # so long are a batch's Data Docs kept
LANDING_TABLES_DAYS = int(os.environ.get("LANDING_TABLES_DAYS", "14"))  # so long the tables of a batch that is over
EXPORTS_DAYS = int(os.environ.get("EXPORTS_DAYS", "30"))  # so long an export that another has taken the place of
HTTP_CACHE_DIR = Path(os.environ.get("HTTP_CACHE_DIR", Path(tempfile.gettempdir()) / "analytics-warehouse-http"))
CODE_VERSION = os.environ.get("CODE_VERSION", "dev")
INGEST_DUE_MINUTES = os.environ.get("INGEST_DUE_MINUTES", "360")  # a run has so long from its queueing
BUILD_DUE_MINUTES = os.environ.get("BUILD_DUE_MINUTES", "90")
RETRY_SECONDS = int(os.environ.get("RETRY_SECONDS", "30"))  # so long a task waits before its second try at least
DATA_DUE_AT = os.environ.get("DATA_DUE_AT", "06:00")
# Cache warming: queries at a time; most seconds for one; most seconds to wait until Looker has noticed the build.
LOOKER_PARALLEL_QUERIES = int(os.environ.get("LOOKER_PARALLEL_QUERIES", "4"))
LOOKER_QUERY_SECONDS = int(os.environ.get("LOOKER_QUERY_SECONDS", "300"))
LOOKER_NOTICE_SECONDS = int(os.environ.get("LOOKER_NOTICE_SECONDS", "600"))
ALERT_EMAIL = os.environ.get("ALERT_EMAIL", "data-oncall@example.com")

# Connection ids, as airflow_settings.yaml names them.
WAREHOUSE = "warehouse"
WAREHOUSE_READER = "warehouse_reader"
WAREHOUSE_PII_READER = "warehouse_pii_reader"
LAKE = "lake"
ORDER_DB = "order_db"
GOOGLE_ANALYTICS = "google_analytics"
CRM = "crm"
CATALOG = "catalog"
LOOKER = "looker"
SLACK_ALERTS = "slack_alerts"
SMTP = "smtp_default"
EMAIL_HASH_KEY = "email_hash_key"


def store_timezone() -> ZoneInfo:
    """Time zone in which the shop's days begin and end."""
    return ZoneInfo(STORE_TIMEZONE)


def due_at(source: str) -> time:
    """Store time at which a day's data should be published, the day after. DATA_DUE_AT_<SOURCE> is for one source."""
    return time.fromisoformat(os.environ.get(f"DATA_DUE_AT_{source.upper()}", DATA_DUE_AT))


def ingest_due(source: str) -> timedelta:
    """How long a run that loads a source may take from its queueing. INGEST_DUE_MINUTES_<SOURCE> is for one source."""
    return timedelta(minutes=float(os.environ.get(f"INGEST_DUE_MINUTES_{source.upper()}", INGEST_DUE_MINUTES)))


def build_due() -> timedelta:
    """How long a build of the marts may take from its queueing."""
    return timedelta(minutes=float(BUILD_DUE_MINUTES))


def schedule_until() -> date | None:
    """Last day the schedule loads, or None for a living shop. Set SCHEDULE_UNTIL for a data set that has ended."""
    day = os.environ.get("SCHEDULE_UNTIL")
    return date.fromisoformat(day) if day else None
