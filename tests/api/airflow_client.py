"""Asks the API inside Airflow's own application, in a process of its own: `python -m tests.api.airflow_client KEY`.

Prints what was answered as JSON. Airflow's home and connections stand in the environment.
"""

import json
import sys
import time
from typing import Any

SUMMARY = "/analytics/api/v1/analytics/summary"
CUSTOMERS = "/analytics/api/v1/customers/top"
ASKED = (
    "/analytics/api/v1/analytics/summary?start_date=2026-06-01&end_date=2026-06-20",
    "/analytics/api/v1/customers/rfm?segment=Champions&limit=5",
    "/analytics/api/v1/customers/segments",
    "/analytics/api/v1/conversion/funnel?start_date=2026-06-01&end_date=2026-06-20",
    "/analytics/api/v1/products/affinity?min_support=0.01&limit=5",
    "/analytics/api/v1/cohorts/retention",
    "/analytics/api/v1/customers/behavior?customer_id=C000032",
    "/analytics/api/v1/metrics/kpis?start_date=2026-06-01&end_date=2026-06-20",
)
AUDIT_SECONDS = 1  # until the log of requests is written


def ask(key: str) -> dict[str, Any]:
    """Status and more of each way to ask."""
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    initdb()
    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        login = client.post("/auth/token", json={"username": "admin", "password": "admin"})
        token = login.json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        first = client.get(SUMMARY, headers=bearer)
        etag = {"If-None-Match": first.headers.get("etag", "")}
        client.cookies.clear()
        cookie = {"Cookie": f"_token={token}"}
        plugins = client.get("/api/v2/plugins", headers=bearer).json()["plugins"]
        [view] = [view for plugin in plugins if plugin["name"] == "analytics" for view in plugin["external_views"]]
        page = client.get(view["href"])
        answered = {
            "anonymous": client.get(SUMMARY).status_code,
            "wrong token": client.get(SUMMARY, headers={"Authorization": "Bearer a.b.c"}).status_code,
            "token": [first.status_code, first.json()],
            "token again": client.get(SUMMARY, headers=bearer | etag).status_code,
            "cookie": client.get(SUMMARY, headers=cookie).status_code,
            "customers": client.get(CUSTOMERS, headers=bearer).status_code,
            "personal data": client.get("/analytics/api/v1/customers/C000032?include=pii", headers=bearer).status_code,
            "key": client.get(SUMMARY, headers={"X-API-Key": key}).status_code,
            "key as token": client.get(SUMMARY, headers={"Authorization": f"Bearer {key}"}).status_code,
            "paths": {path: client.get(path, headers=bearer).status_code for path in ASKED},
            "ready": client.get("/analytics/ready").status_code,
            "description": client.get("/analytics/openapi.json").status_code,
            "plugins": [plugin["name"] for plugin in plugins],
            "view": view,
            "page": [page.status_code, page.text],
            "import errors": client.get("/api/v2/plugins/importErrors", headers=bearer).json(),
        }
        time.sleep(AUDIT_SECONDS)
        return answered


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1])))
