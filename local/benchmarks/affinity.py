"""Product pairs of Complete Journey's baskets: this product's SQL beside mlxtend's FP-growth."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local.benchmarks.benchmark import TINY_DATASET, BenchmarkError, Row, Setting
from local.benchmarks.environments import NOT_INSTALLED, python_with
from local.benchmarks.generated_warehouse import Build, GeneratedWarehouse, generated_warehouse
from local.benchmarks.measured import REPOSITORY, Measured, run_measured

REQUIREMENTS = REPOSITORY / "local" / "benchmarks" / "mlxtend-requirements.txt"
MODELS = ("int_order_product_pairs", "product_affinity")
BUILD = ("build", "--resource-type", "seed", "--resource-type", "model", "--select", f"+{MODELS[-1]}")
TARGET_TIMES = 10


@dataclass(frozen=True)
class Size:
    """Whose baskets, and the least share of them that a pair must be in."""

    dataset: str
    min_support: float


FULL = Size("complete_journey", 0.001)
TINY = Size(TINY_DATASET, 0.02)


def run(setting: Setting) -> list[Row]:
    """Seconds from baskets to measured pairs; both must find the same pairs in the same number of baskets.

    Raises:
        BenchmarkError: they did not, none was found, or one of them failed.
    """
    size = setting.size(FULL, TINY)
    python = python_with(REQUIREMENTS, setting)
    values = ("--vars", json.dumps({"min_support": size.min_support}))
    with generated_warehouse(setting, "affinity", size.dataset) as shop:
        setting.say(f"loading the baskets of {shop.dataset.title}")
        _load(shop)
        setting.say("building what the pairs are counted from")
        shop.dbt(*BUILD, *values)
        build = shop.dbt("run", "--select", *MODELS, *values)
        pairs = {
            f"{first}|{second}": count
            for first, second, count in shop.execute(
                "select product_key_a, product_key_b, pair_count from marts.product_affinity"
            )
        }
        setting.say(f"{len(pairs):,} pairs")
        file = _baskets(shop)
        theirs = _fpgrowth(file, size.min_support, shop.folder, python) if python else None
        title = shop.dataset.title
    if not pairs or (theirs and theirs.answer != pairs):
        others = f"{len(theirs.answer):,} of mlxtend, and not the same" if theirs else "there must be some"
        raise BenchmarkError(f"{len(pairs):,} pairs here, {others}")
    seconds = sum(build.nodes[model] for model in MODELS)
    what = f"product_affinity of {title}: {len(pairs):,} pairs with support ≥ {size.min_support}"
    return [_row(what, seconds, build, theirs)]


def _row(what: str, seconds: float, build: Build, theirs: Measured | None) -> Row:
    if theirs is None:
        compared = f"mlxtend left out: {NOT_INSTALLED}"
        return Row(what, f"{seconds:.1f} s", compared, details={"seconds": build.nodes})
    times = theirs.seconds / seconds
    return Row(
        what=what,
        figure=f"{seconds:.1f} s",
        compared_with=f"mlxtend fpgrowth {theirs.seconds:.1f} s: {times:.1f}×",
        target=f"≥ {TARGET_TIMES}×",
        reached=times >= TARGET_TIMES,
        details={"seconds": build.nodes, "fpgrowth_seconds": theirs.seconds, "fpgrowth_peak": theirs.peak_bytes},
    )


def _load(shop: GeneratedWarehouse) -> None:
    dataset = shop.dataset
    task = {
        "tables": ["products", "orders", "order_items"],
        "start": dataset.first_day.isoformat(),
        "end": (dataset.last_day + timedelta(days=1)).isoformat(),
    }
    run_measured("local.benchmarks.load_tables", task, shop.folder, shop.client_environment())


def _baskets(shop: GeneratedWarehouse) -> Path:
    """A file of the baskets that int_order_product_pairs counts."""
    lines = shop.execute("""
        select lines.order_id, lines.product_key
        from intermediate.int_order_product_agg as lines
        inner join marts.dim_products as products on lines.product_key = products.product_key and products.is_current
        cross join intermediate.int_data_through as data_through
        where
            lines.is_valid
            and lines.is_paid
            and products.is_merchandise
            and lines.order_day < data_through.as_of_date
    """)
    file = shop.folder / "baskets.parquet"
    pq.write_table(pa.table(list(zip(*lines, strict=True)), names=["order_id", "product_key"]), file)
    return file


def _fpgrowth(baskets: Path, min_support: float, folder: Path, python: str) -> Measured:
    task = {"baskets": str(baskets), "min_support": min_support}
    return run_measured("local.benchmarks.frequent_pairs", task, folder, {}, python)
