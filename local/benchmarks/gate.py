"""The gate of a large batch of order items, beside the loading that it guards: COPY and publish."""

from dataclasses import dataclass
from typing import Any

from local.benchmarks.benchmark import BenchmarkError, Row, Setting, megabytes
from local.benchmarks.generated_warehouse import generated_warehouse
from local.benchmarks.measured import run_measured

TARGET_SHARE = 1.0


@dataclass(frozen=True)
class Size:
    """Rows of a batch at most, and batches."""

    rows: int
    repetitions: int


FULL = Size(1_000_000, 3)
TINY = Size(300, 1)


def run(setting: Setting) -> list[Row]:
    """Seconds of COPY, gate and publish of a batch that passes, and the statements that the gate sends.

    Raises:
        BenchmarkError: a step failed, or the gate did not check every rule or found flaws in rows without any.
    """
    size = setting.size(FULL, TINY)
    rows = min(setting.rows, size.rows)
    with generated_warehouse(setting, "gate") as shop:
        environment = shop.client_environment() | {"DATA_DOCS_DIR": str(shop.folder / "data_docs")}
        setting.say(f"{size.repetitions} batches of {rows:,} order items")
        task = {"rows": rows, "batches": size.repetitions}
        measured = run_measured("local.benchmarks.gate_batches", task, shop.folder, environment)
        (held,) = shop.execute("select count(*) from staging.order_items")[0]
        if held != rows * size.repetitions:
            raise BenchmarkError(f"{held:,} order items were published instead of {rows * size.repetitions:,}")
        peak = shop.server_peak()
    return report(rows, measured.answer, peak)


def report(rows: int, batches: list[dict[str, Any]], peak_bytes: int) -> list[Row]:
    """The batch whose gate took the median share of its own COPY and publish."""
    shares = sorted(batches, key=_share)
    middle = shares[len(shares) // 2]
    share = _share(middle)
    return [
        Row(
            what=f"gate of {rows:,} order items: {middle['rules']} rules, {middle['statements']} statements",
            figure=f"{middle['gate']:.1f} s",
            compared_with=f"COPY {middle['copy']:.1f} s + publish {middle['publish']:.1f} s: {share:.0%}",
            target=f"≤ {TARGET_SHARE:.0%}",
            reached=share <= TARGET_SHARE,
            details={"batches": batches, "warehouse_peak": megabytes(peak_bytes)},
        )
    ]


def _share(batch: dict[str, Any]) -> float:
    return batch["gate"] / (batch["copy"] + batch["publish"])
