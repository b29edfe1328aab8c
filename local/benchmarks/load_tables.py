"""Tables of a data set taken through lake, landing and publish without a gate; a process of its own."""

from typing import Any

from include import batches, config
from include.contracts import contract
from include.landing import land
from include.publish import Run, publish
from include.warehouse import open_warehouse
from include.window import run_window
from local.benchmarks.measured import measure


def load(task: dict[str, Any]) -> dict[str, int]:
    """Load each table's rows of the days from `start` to before `end`; return the rows of each."""
    window = run_window({"start": task["start"], "end": task["end"]}, None, None, config.store_timezone())
    rows = {}
    for table in task["tables"]:
        manifest = batches.extract(table, window, f"{table}__benchmark")
        with open_warehouse("benchmark") as warehouse:
            landed = land(warehouse, manifest, contract(table))
            warehouse.run("publish/create_rejects.sql", rejects=landed.contract.landing(landed.id, "__rejects"))
            publish(warehouse, landed, Run("benchmark", "benchmark", "benchmark"))
        rows[table] = manifest.rows
    return rows


if __name__ == "__main__":
    measure(load)
