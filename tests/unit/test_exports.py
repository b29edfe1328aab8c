"""What may be exported, what a run's params ask for, and where it goes in the lake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from include import exporting, exports
from include.exports import Definition, ExportError, definition, names
from include.exports.manifest import part_folder, part_name
from include.window import WindowError

DEFAULTS = {"marts": ["fct_orders", "rfm_analysis"], "start": None, "end": None, "format": None, "full": False}


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts one mart into a marts.yml of the test's own and reads it."""

    def declare(mart: str, **how: Any) -> Definition:
        file = tmp_path / "marts.yml"
        file.write_text(yaml.safe_dump({mart: how}))
        monkeypatch.setattr(exports, "_MARTS_FILE", file)
        for cached in (exports._declared, exports.names, exports.definition):
            cached.cache_clear()
        return definition(mart)

    yield declare
    monkeypatch.undo()
    for cached in (exports._declared, exports.names, exports.definition):
        cached.cache_clear()


def test_every_mart_that_is_declared_can_be_exported():
    assert {"fct_orders", "fct_order_items", "agg_daily_kpis", "rfm_analysis", "product_affinity"} <= set(names())
    for mart in names():
        assert definition(mart).columns and exports.BOOKKEEPING not in definition(mart).columns
    assert definition("fct_order_items").by == "order_day"


@pytest.mark.parametrize(
    ("mart", "how", "message"),
    [
        ("customers", {}, "not a model of include/dbt/models/marts"),
        ("pii.customers", {}, "not a model of include/dbt/models/marts"),
        ("../staging/stg_customers", {}, "not a model of include/dbt/models/marts"),
        ("stg_customers", {}, "not a model of include/dbt/models/marts"),
        ("fct_orders", {"columns": ["order_id", "email"]}, "no column email"),
        ("fct_orders", {"format": "xlsx"}, "format is 'xlsx', not one of parquet, csv"),
        ("fct_orders", {"by": "ordered_at"}, "'ordered_at', which is no DATE column"),
        ("fct_orders", {"by": "day"}, "'day', which is no DATE column"),
        ("fct_orders", {"every": "day"}, "unknown key every"),
    ],
)
def test_what_may_not_be_exported_is_refused_by_name(declare: Any, mart: str, how: dict[str, Any], message: str):
    with pytest.raises(ExportError, match=message):
        declare(mart, **how)


def test_a_personal_column_is_refused_even_if_a_model_had_it(declare: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "_model_columns", lambda mart: {"order_id": "varchar", "email": "varchar"})
    with pytest.raises(ExportError, match="email is personal data"):
        declare("fct_orders")


def test_a_model_outside_schema_marts_is_refused(declare: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    folder = tmp_path / "models" / "marts"
    folder.mkdir(parents=True)
    (folder / "secrets.yml").write_text("models: [{name: secrets, config: {schema: pii}, columns: [{name: a}]}]")
    monkeypatch.setattr(exports, "DBT_DIR", tmp_path)
    with pytest.raises(ExportError, match="does not stand in schema marts"):
        declare("secrets")


def test_a_mart_that_is_not_declared_is_refused():
    with pytest.raises(ExportError, match="'dim_customers' is not one of the marts"):
        exporting.planned(DEFAULTS | {"marts": ["dim_customers"]}, 1)


def test_params_make_one_order_a_mart():
    orders = exporting.planned(DEFAULTS, 7)
    assert [(order["mart"], order["format"], order["build_number"]) for order in orders] == [
        ("fct_orders", "parquet", 7),
        ("rfm_analysis", "parquet", 7),
    ]
    assert all(exporting.ordered(order, "run").is_latest for order in orders)


def test_a_span_leaves_out_marts_that_are_one_part_and_the_pointer_as_it_is():
    span = {"start": "2026-06-01", "end": "2026-06-08"}
    [order] = exporting.planned(DEFAULTS | span, 7)
    assert (order["mart"], order["start"], order["end"]) == ("fct_orders", "2026-06-01", "2026-06-08")
    assert not exporting.ordered(order, "run").is_latest
    [as_csv] = exporting.planned(DEFAULTS | {"marts": ["rfm_analysis"], "format": "csv"}, 7)
    assert not exporting.ordered(as_csv, "run").is_latest


@pytest.mark.parametrize("span", [{"start": "2026-06-01"}, {"end": "2026-06-01"}, {"start": "june", "end": "july"}])
def test_half_a_span_is_refused(span: dict[str, str]):
    with pytest.raises(WindowError):
        exporting.planned(DEFAULTS | span, 7)


def test_the_exports_of_two_runs_stand_apart():
    first, again, second = (
        exporting.ordered(exporting.planned(DEFAULTS, 7)[0], run).export_id for run in ("a", "a", "b")
    )
    assert first == again != second
    assert first.startswith("7-")


def test_a_part_is_named_by_its_day():
    from datetime import date

    days = [part_name(date(2026, 6, 1), "order_day"), part_name(None, "order_day"), part_name(None, None)]
    assert [part_folder("fct_orders", "7-ab", day) for day in days] == [
        "exports/fct_orders/build=7-ab/day=2026-06-01/",
        "exports/fct_orders/build=7-ab/day=none/",
        "exports/fct_orders/build=7-ab/whole/",
    ]
