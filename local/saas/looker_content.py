"""The content of the Looker stand-in: the dashboards, explores and datagroups of the LookML project."""

import hashlib
import json
from functools import cache
from typing import Any

from local.lookml import MODEL, Project

QUERY_KEYS = (
    "model", "view", "fields", "pivots", "fill_fields", "filters", "filter_expression", "sorts", "limit",
    "column_limit", "total", "row_total", "subtotals", "dynamic_fields", "query_timezone",
)  # fmt: skip


@cache
def project() -> Project:
    """The project, read once."""
    return Project()


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


def unknown_fields(query: dict[str, Any]) -> list[str]:
    """Fields and filters of a query that its explore does not have: Looker fails when it is run."""
    known = project().fields(query["view"])
    return sorted({*(query["fields"] or []), *(query["filters"] or {})} - known.keys())


def dashboards() -> list[dict[str, Any]]:
    """All LookML dashboards with their elements; Looker's id of one is <model>::<dashboard>."""
    return [_dashboard(name, definition) for name, definition in project().dashboards.items()]


def explore(name: str) -> dict[str, Any]:
    """An explore's resource. Raises KeyError."""
    known = project().explores[name]
    return {
        "id": f"{MODEL}::{name}",
        "name": name,
        "model_name": MODEL,
        "view_name": name,
        "joins": [{"name": join, "type": definition.get("type")} for join, definition in known.joins.items()],
    }


def explores() -> set[str]:
    """Explores there are."""
    return set(project().explores)


def datagroups() -> list[str]:
    """Names of the model's datagroups."""
    return list(project().datagroups)


def _dashboard(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    dashboard_id = f"{MODEL}::{name}"
    return {
        "id": dashboard_id,
        "slug": name,
        "title": definition["title"],
        "description": definition.get("description"),
        "hidden": False,
        "readonly": True,
        "deleted": False,
        "query_timezone": None,
        "folder": {"id": "lookml", "name": "LookML Dashboards"},
        "dashboard_filters": [
            {
                "id": f"{dashboard_id}.{each['name']}",
                "dashboard_id": dashboard_id,
                "name": each["name"],
                "title": each["title"],
                "type": each["type"],
                "default_value": each.get("default_value"),
            }
            for each in definition.get("filters", [])
        ],
        "dashboard_elements": [_element(dashboard_id, each) for each in definition["elements"]],
    }


def _element(dashboard_id: str, definition: dict[str, Any]) -> dict[str, Any]:
    query = describe_query(
        {key: definition[key] for key in QUERY_KEYS if key in definition}
        | {"view": definition["explore"], "limit": str(definition["limit"])}
    )
    element_id = f"{dashboard_id}.{definition['name']}"
    listen = [{"dashboard_filter_name": name, "field": field} for name, field in definition.get("listen", {}).items()]
    filterable = {"model": query["model"], "view": query["view"], "name": definition["name"], "listen": listen}
    return {
        "id": element_id,
        "dashboard_id": dashboard_id,
        "type": "vis",
        "title": definition["title"],
        "query": query,
        "query_id": query["id"],
        "result_maker": {"id": element_id, "query": query, "query_id": query["id"], "filterables": [filterable]},
    }
