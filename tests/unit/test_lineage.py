"""What a mart is computed from, read from a manifest."""

import json
from pathlib import Path
from typing import Any

import pytest

from include import lineage
from include.contracts import all_contracts
from include.lineage import Dashboard
from local.dbt_manifest import ensure_manifest


def node(name: str, *upstream: str, schema: str = "intermediate", **more: Any) -> dict[str, Any]:
    kind = more.pop("resource_type", "model")
    return {
        "name": name,
        "schema": schema,
        "resource_type": kind,
        "package_name": "warehouse",
        "config": more,
        "depends_on": {"nodes": list(upstream)},
    }


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    def source(name: str, schema: str, **meta: str) -> dict[str, Any]:
        return node(name, schema=schema, resource_type="source", meta=meta)

    project = {
        "sources": {
            "source.orders": source("orders", "STAGING"),
            "source.loads": source("loads", "AUDIT"),
            "source.fits": source("fits", "ANALYTICS", computed_from="int_summary"),
            "source.unknown": source("prices", "ELSEWHERE"),
        },
        "nodes": {
            "model.warehouse.int_summary": node("int_summary", "source.orders"),
            "model.warehouse.int_data_through": node("int_data_through", "source.loads", "source.unknown"),
            "model.warehouse.int_build": node("int_build", "source.unknown"),
            "model.warehouse.fitted": node("fitted", "source.fits", schema="marts"),
            "model.warehouse.dated": node(
                "dated", "model.warehouse.int_data_through", "model.warehouse.int_build", schema="MARTS"
            ),
            "model.warehouse.odd": node(
                "odd", "source.unknown", "source.loads", "model.warehouse.fitted", schema="marts"
            ),
            "test.t": node("t", schema="marts", resource_type="test"),
        },
        "exposures": {
            "exposure.a": {"label": "A", "config": {"meta": {"looker_dashboard": "m::a"}}},
            "exposure.b": {"label": "B", "config": {"meta": {"looker_dashboard": "m::b", "warm": False}}},
            "exposure.c": {"label": "GET /c", "config": {}},
        },
    }
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(project))
    return file


def test_inputs_are_the_published_tables_upstream(manifest: Path) -> None:
    """Through what Python writes, not through what only says where to look, and with any source that is not known."""
    assert lineage.read(manifest).inputs == {
        "fitted": {"orders"},
        "dated": {"data_through"},
        "odd": {"orders", "prices"},
    }


def test_dashboards_to_keep_warm_are_those_that_exposures_name(manifest: Path) -> None:
    assert lineage.read(manifest).dashboards == (Dashboard("m::a", "A"),)


def test_the_projects_marts_are_computed_from_tables_that_batches_name() -> None:
    ensure_manifest()
    known = {agreed.table for agreed in all_contracts()} | {lineage.DATA_THROUGH}
    inputs = lineage.read().inputs
    assert inputs["agg_daily_kpis"] == {
        "orders", "order_items", "refunds", "customers", "web_events", lineage.DATA_THROUGH
    }  # fmt: skip
    assert inputs["dim_products"] == {"products", "order_items", "refunds"}
    assert inputs.keys() >= lineage.SEEN_TO_DATA_THROUGH
    assert all(lineage.DATA_THROUGH in inputs[fact] for fact in lineage.SEEN_TO_DATA_THROUGH)
    for mart, of in inputs.items():
        assert of and of <= known, mart
