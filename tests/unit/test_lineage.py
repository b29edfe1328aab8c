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


def built(name: str, *upstream: str, tags: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return node(name, *(f"model.warehouse.{one}" for one in upstream)) | {"tags": list(tags)} | more


def check(*read: str, on: str | None = None) -> dict[str, Any]:
    declared = {"attached_node": f"model.warehouse.{on}"} if on else {}
    return built("a test", *read, resource_type="test", **declared)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """orders → facts → segments (a refresh) and fitted (a refresh that reads what Python computes from facts)."""
    source = node("fits", resource_type="source", meta={"computed_from": "facts"})
    models = {
        "orders": built("orders"),
        "days": built("days"),
        "facts": built("facts", "orders"),
        "ranked": built("ranked", "facts", tags=("refresh_rfm",)),
        "segments": built("segments", "ranked", "facts", tags=("refresh_rfm",)),
        "fitted": built("fitted", tags=("refresh_experiments",)) | {"depends_on": {"nodes": ["source.fits"]}},
    }
    seed = node("names", resource_type="seed") | {"tags": ["refresh_rfm"], "depends_on": {"macros": []}}
    tests = {
        "test.key": check("orders", on="orders"),
        "test.day_of_facts": check("days", "facts", on="facts"),
        "test.adds_up": check("orders", "facts", "days"),
        "test.fitted_adds_up": check("orders", "fitted"),
        "test.segments": check("segments", "orders"),
    }
    nodes = {f"model.warehouse.{name}": model for name, model in models.items()}
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"nodes": nodes | {"seed.names": seed} | tests, "sources": {"source.fits": source}}))
    return file


def test_a_test_counts_for_the_model_it_is_declared_on_or_the_last_ones_that_it_reads(project: Path) -> None:
    """So no model waits for a test of what comes after it; what reads a fitted model is not there to be told yet."""
    assert lineage.tests_by_model(manifest=project) == {
        "model.warehouse.orders": ["test.key"],
        "model.warehouse.facts": ["test.day_of_facts", "test.adds_up"],
        "model.warehouse.days": ["test.adds_up"],
        "model.warehouse.segments": ["test.segments"],
    }


def test_the_models_of_a_tag_come_in_the_order_in_which_they_are_built(project: Path) -> None:
    assert lineage.tagged("refresh_rfm", project) == [
        "seed.names", "model.warehouse.ranked", "model.warehouse.segments"
    ]  # fmt: skip


def test_a_refresh_reads_models_also_through_what_python_computes(project: Path) -> None:
    assert lineage.read_by("refresh_rfm", project) == ["model.warehouse.facts"]
    assert lineage.read_by("refresh_experiments", project) == ["model.warehouse.facts"]


def test_a_manifest_that_was_written_anew_is_read_anew(project: Path) -> None:
    assert lineage.tagged("refresh_rfm", project)
    project.write_text(json.dumps({"nodes": {}, "sources": {}}))
    assert lineage.tagged("refresh_rfm", project) == []


def test_every_model_but_the_fitted_ones_has_a_test_that_the_build_tells() -> None:
    """A model's task for its tests would else wait until the whole build is over."""
    ensure_manifest()
    nodes = json.loads(lineage.MANIFEST.read_text())["nodes"]
    models = {name for name, model in nodes.items() if model["resource_type"] == "model"}
    fitted = {name for tag in lineage.FITTED_TAGS for name in lineage.tagged(tag)}
    assert fitted and models - fitted == {name for name in lineage.tests_by_model() if name.startswith("model.")}
