"""Product pairs of Complete Journey's baskets: this product's SQL beside mlxtend's FP-growth."""

import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from local.airflow_settings import read_settings
from local.benchmarks.benchmark import BenchmarkError, Row, Setting
from local.benchmarks.environments import python_with
from local.benchmarks.generated_warehouse import GeneratedWarehouse, generated_warehouse
from local.benchmarks.measured import REPOSITORY, Measured, run_measured
from local.product import Dataset, client_environment

REQUIREMENTS = REPOSITORY / "local" / "benchmarks" / "mlxtend-requirements.txt"
DATASET = "complete_journey"
MODELS = ("int_order_product_pairs", "product_affinity")
MIN_SUPPORT = 0.001
VARS = ("--vars", json.dumps({"min_support": MIN_SUPPORT}))
TARGET_TIMES = 10


def run(setting: Setting) -> list[Row]:
    """Seconds from baskets to measured pairs; both must find the same pairs in the same number of baskets.

    Raises:
        BenchmarkError: they did not, or one of them failed.
    """
    folder = setting.folder("affinity")
    python = python_with(REQUIREMENTS, folder, setting.say)
    with generated_warehouse(folder, DATASET) as shop:
        setting.say("loading the baskets of Complete Journey")
        _load(shop)
        shop.dbt("build", "--resource-type", "seed", "--resource-type", "model", "--select", "+product_affinity", *VARS)
        build = shop.dbt("run", "--select", *MODELS, *VARS)
        pairs = {
            f"{first}|{second}": count
            for first, second, count in shop.execute(
                "select product_key_a, product_key_b, pair_count from marts.product_affinity"
            )
        }
        theirs = _fpgrowth(shop, python)
    if theirs.answer != pairs:
        raise BenchmarkError(f"{len(pairs):,} pairs here, {len(theirs.answer):,} of mlxtend, and not the same")
    seconds = sum(build.nodes[model] for model in MODELS)
    times = theirs.seconds / seconds
    return [
        Row(
            what=f"product_affinity of Complete Journey: {len(pairs):,} pairs with support ≥ {MIN_SUPPORT}",
            figure=f"{seconds:.1f} s",
            compared_with=f"mlxtend fpgrowth {theirs.seconds:.1f} s: {times:.1f}×",
            target=f"≥ {TARGET_TIMES}×",
            reached=times >= TARGET_TIMES,
            details={"seconds": build.nodes, "fpgrowth_seconds": theirs.seconds, "fpgrowth_peak": theirs.peak_bytes},
        )
    ]


def _load(shop: GeneratedWarehouse) -> None:
    dataset = Dataset.read(shop.stack.dataset_dir)
    environment = {
        **read_settings().for_stack(shop.stack).environment(),
        **client_environment(shop.stack, dataset, shop.folder / "state"),
        "AIRFLOW_HOME": str(shop.folder / "airflow"),
    }
    task = {
        "tables": ["products", "orders", "order_items"],
        "start": dataset.first_day.isoformat(),
        "end": (dataset.last_day + timedelta(days=1)).isoformat(),
    }
    run_measured("local.benchmarks.load_tables", task, shop.folder, environment)


def _fpgrowth(shop: GeneratedWarehouse, python: str) -> Measured:
    """mlxtend on the baskets that int_order_product_pairs counts."""
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
    task = {"baskets": str(file), "min_support": MIN_SUPPORT}
    return run_measured("local.benchmarks.frequent_pairs", task, shop.folder, {}, python)
