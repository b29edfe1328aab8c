"""The dashboards of the Looker stand-in: two, over explores named after the marts they read."""

import hashlib
import json
from typing import Any

MODEL = "analytics"
QUERY_KEYS = (
    "model", "view", "fields", "pivots", "fill_fields", "filters", "filter_expression", "sorts", "limit",
    "column_limit", "total", "row_total", "subtotals", "dynamic_fields", "query_timezone",
)  # fmt: skip

Tile = tuple[str, str, list[str], dict[str, str]]

_TILES: dict[tuple[str, str], list[Tile]] = {
    ("executive_overview", "Executive overview"): [
        (
            "Revenue by day",
            "agg_daily_kpis",
            ["agg_daily_kpis.day", "agg_daily_kpis.gross_revenue", "agg_daily_kpis.net_revenue"],
            {"agg_daily_kpis.day": "90 days"},
        ),
        (
            "Orders and average order value",
            "agg_daily_kpis",
            ["agg_daily_kpis.day", "agg_daily_kpis.order_count", "agg_daily_kpis.average_order_value"],
            {"agg_daily_kpis.day": "90 days"},
        ),
        ("Revenue by channel", "fct_orders", ["fct_orders.channel", "fct_orders.gross_revenue"], {}),
        (
            "Conversion funnel",
            "conversion_funnel",
            ["conversion_funnel.step", "conversion_funnel.session_count", "conversion_funnel.rate_of_entrants"],
            {},
        ),
    ],
    ("customer_360", "Customer 360"): [
        ("Customers by segment", "rfm_analysis", ["rfm_analysis.segment", "rfm_analysis.customer_count"], {}),
        (
            "Cohort retention",
            "cohort_retention",
            ["cohort_retention.cohort_month", "cohort_retention.month_number", "cohort_retention.retention_rate"],
            {},
        ),
        (
            "Bought together",
            "product_affinity",
            ["product_affinity.product_a", "product_affinity.product_b", "product_affinity.lift"],
            {},
        ),
    ],
}


def query_id(query: dict[str, Any]) -> str:
    """Id of a query: the same for the same query, as Looker keeps only one of equals."""
    meaning = {key: query[key] for key in QUERY_KEYS if query.get(key) is not None}
    digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
    return str(int(digest[:12], 16))


def describe_query(query: dict[str, Any]) -> dict[str, Any]:
    """A query as its resource, with the ids that Looker gives it."""
    number = query_id(query)
    slug = hashlib.sha256(number.encode()).hexdigest()[:22]
    known = {key: query.get(key) for key in QUERY_KEYS}
    return known | {"id": number, "slug": slug, "client_id": slug, "can": {"run": True}}


def dashboards() -> list[dict[str, Any]]:
    """Both dashboards with their elements."""
    return [
        {
            "id": name,
            "slug": name,
            "title": title,
            "description": None,
            "hidden": False,
            "readonly": False,
            "deleted": False,
            "query_timezone": None,
            "folder": {"id": "1", "name": "Shared"},
            "dashboard_filters": [],
            "dashboard_elements": [_element(name, number, tile) for number, tile in enumerate(tiles, 1)],
        }
        for (name, title), tiles in _TILES.items()
    ]


def explores() -> set[str]:
    """Explores there are."""
    return {view for tiles in _TILES.values() for _, view, _, _ in tiles}


def _element(dashboard: str, number: int, tile: Tile) -> dict[str, Any]:
    title, view, fields, filters = tile
    query = describe_query({"model": MODEL, "view": view, "fields": fields, "filters": filters, "limit": "500"})
    return {
        "id": f"{dashboard}.{number}",
        "dashboard_id": dashboard,
        "type": "vis",
        "title": title,
        "query": query,
        "query_id": query["id"],
        "result_maker": {"id": f"{dashboard}.{number}", "query": query, "query_id": query["id"], "filterables": []},
    }
