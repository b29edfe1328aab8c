"""Every asset, once: what an ingest DAG announces and what build_marts waits for."""

from airflow.sdk import Asset, AssetAlias

from include.config import SNOWFLAKE_ACCOUNT, SNOWFLAKE_DATABASE

_WAREHOUSE = f"snowflake://{SNOWFLAKE_ACCOUNT}/{SNOWFLAKE_DATABASE}"

ORDERS = Asset(name="orders", uri=f"{_WAREHOUSE}/STAGING/ORDERS")
CATALOG = Asset(name="products", uri=f"{_WAREHOUSE}/STAGING/PRODUCTS")
CRM = Asset(name="customers", uri=f"{_WAREHOUSE}/PII/CUSTOMERS")
WEB_EVENTS = Asset(name="web_events", uri=f"{_WAREHOUSE}/STAGING/WEB_EVENTS")
MARTS = Asset(name="marts", uri=f"{_WAREHOUSE}/MARTS/AGG_DAILY_KPIS")

# A backfill or a manual run asks for a build whatever the other sources do.
REPROCESS = Asset(name="reprocess", uri="warehouse://reprocess")
REPROCESS_REQUEST = AssetAlias("reprocess_request")
