"""Every mart that is exported, as dbt builds it."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from include import clients, config, exporting
from include.building import record
from include.exports import names
from include.exports.manifest import ExportLake, Manifest
from include.exports.mart import current_build, export
from local.stack import Stack
from tests.pipeline.conftest import Pipeline
from tests.pipeline.dbt import Dbt, parsed
from tests.pipeline.histories import Shop
from tests.pipeline.test_incremental import BUILD, arrive

PARAMS = {"start": None, "end": None, "format": None, "full": False}


@pytest.fixture(scope="module")
def dbt(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    with parsed(stack, tmp_path_factory.mktemp("dbt")) as project:
        yield project


def exported(pipeline: Pipeline, run: str) -> dict[str, Manifest]:
    """The manifests of an export of everything."""
    build_number, _ = current_build(pipeline.warehouse)
    manifests = {}
    for raw in exporting.planned({**PARAMS, "marts": list(names())}, build_number):
        lake = ExportLake(clients.lake_client(), config.LAKE_BUCKET, raw["mart"])
        export(pipeline.warehouse, lake, exporting.ordered(raw, run), "test")
        latest = lake.latest()
        assert latest is not None and latest.run_id == run
        manifests[raw["mart"]] = latest
    return manifests


def test_every_mart_is_exported_as_it_was_built_and_again_only_where_it_changed(pipeline: Pipeline, dbt: Dbt) -> None:
    shops = [Shop(seed) for seed in range(4)]
    arrive(pipeline, shops)
    dbt.run(*BUILD, "--full-refresh")
    record(pipeline.warehouse, "first", datetime(2026, 7, 1))
    first = exported(pipeline, "first")
    for mart, manifest in first.items():
        assert manifest.rows == pipeline.count(f"marts.{mart}"), mart
    [(total,)] = pipeline.warehouse.execute("select sum(gross_revenue) from marts.fct_orders").fetchall()
    assert first["fct_orders"].money["gross_revenue"] == str(total)
    assert first["fct_orders"].rows and len(first["fct_orders"].parts) > 1

    facts = ("fct_orders", "fct_order_items", "fct_refunds")
    dbt.run(*BUILD, "--full-refresh", "--select", *(f"+{mart}" for mart in facts))  # every row again, as it was
    record(pipeline.warehouse, "second", datetime(2026, 7, 2))
    second = exported(pipeline, "second")
    for mart in facts:
        assert second[mart].build_number > first[mart].build_number
        assert second[mart].parts == first[mart].parts
