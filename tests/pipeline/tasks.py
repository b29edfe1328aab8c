"""The tasks of an ingest DAG as Airflow runs them: their own functions, in the context of a run and a try."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from airflow.sdk.execution_time.context import set_current_context

from include import clients, config, ingest, lake
from include.contracts import contract
from include.window import midnight


@dataclass
class TableRun:
    """One table's tasks in one run over the store days from `first` to `last`. `again` makes the next try of them."""

    table: str
    first: date
    last: date | None = None
    run_id: str = "scheduled__1"
    try_number: int = 1

    def again(self) -> "TableRun":
        return TableRun(self.table, self.first, self.last, self.run_id, self.try_number + 1)

    def extract(self) -> dict[str, Any]:
        return self._run("extract", self.table)

    def land(self, batch: dict[str, Any]) -> dict[str, Any]:
        return self._run("land", batch)

    def gate(self, batch: dict[str, Any]) -> dict[str, Any]:
        return self._run("gate", batch)

    def pass_gate(self, batch: dict[str, Any]) -> dict[str, Any]:
        """What a gate hands on that rejects nothing, without the second it takes."""
        return {**batch, "rejected": 0}

    def publish(self, batch: dict[str, Any]) -> dict[str, Any]:
        return self._run("publish", batch)

    def load(self) -> dict[str, Any]:
        """All of them in turn."""
        return self.publish(self.pass_gate(self.land(self.extract())))

    def manifest(self, batch: dict[str, Any]) -> lake.Manifest:
        return lake.read_manifest(clients.lake_client(), config.LAKE_BUCKET, batch["folder"])

    def _run(self, task: str, argument: Any) -> dict[str, Any]:
        with set_current_context(self._context(task)):  # type: ignore[arg-type]
            return getattr(ingest, task).function(argument)

    def _context(self, task: str) -> dict[str, Any]:
        timezone = config.store_timezone()
        dag_id = f"ingest_{contract(self.table).source}"
        instance = SimpleNamespace(
            dag_id=dag_id,
            task_id=f"{self.table}.{task}",
            run_id=self.run_id,
            try_number=self.try_number,
            log_url="https://airflow.example/log",
        )
        return {
            "ti": instance,
            "dag": SimpleNamespace(dag_id=dag_id),
            "dag_run": SimpleNamespace(run_type="scheduled", start_date=datetime.now(UTC)),
            "run_id": self.run_id,
            "params": {},
            "data_interval_start": midnight(self.first, timezone),
            "data_interval_end": midnight((self.last or self.first) + timedelta(days=1), timezone),
        }
