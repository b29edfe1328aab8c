"""What happens in the pipeline that on-call is told of, or that ends an alert: one function each."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include import config
from include.alert_filter import described
from include.alert_log import Recovery
from include.alert_messages import Alert, address, in_store_time
from include.alerts import raise_alert, recover, settle
from include.contracts import all_contracts

if TYPE_CHECKING:
    from include.deletions import DeletionsRefused
    from include.gate import GateFailed, Verdict
    from include.landing import LandedBatch
    from include.looker import Warmed
    from include.reconcile import Reconciliation
    from include.warehouse import Warehouse


@dataclass(frozen=True)
class Place:
    """A task of a run, for the people who will look there. `began_at` is when the run began (aware), if known."""

    dag_id: str
    task_id: str
    run_id: str
    log_url: str
    began_at: datetime | None = None

    @property
    def recovery(self) -> Recovery:
        """What a success here proves."""
        return Recovery(self.run_id, self.began_at)

    def __str__(self) -> str:
        return f"DAG {self.dag_id}, task {self.task_id}, run {self.run_id}"

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> "Place":
        """The place of a task's context, as its own process, or the DAG processor for a killed one, holds it."""
        instance, run = context["ti"], context.get("dag_run")
        began_at = getattr(run, "start_date", None)
        return cls(instance.dag_id, instance.task_id, instance.run_id, instance.log_url, began_at)


def here() -> Place:
    """The running task."""
    from airflow.sdk import get_current_context

    return Place.of(get_current_context())


def run_succeeded(warehouse: "Warehouse | None" = None) -> None:
    """Close what the running DAG's failed tasks and missed deadlines have left open."""
    place = here()
    recover(f"task_failed:{place.dag_id}.*", f"deadline_missed:{place.dag_id}", by=place.recovery, warehouse=warehouse)


def task_failed(context: Mapping[str, Any]) -> None:
    """on_failure_callback of every task: it has failed for good.

    Airflow runs it in the task's process, with the exception in the context; for a process that was killed, in the
    DAG processor, without one. A gate that stopped a batch has told so itself.
    """
    error = context.get("exception")
    if _is_told_by_gate(error):
        return
    place = Place.of(context)
    raise_alert(
        Alert(
            kind="task_failed",
            subject=f"{place.dag_id}.{place.task_id}",
            what=described(error, personal=_loads_personal_data(place.dag_id)),
            where=str(place),
            links=(("Task log", place.log_url),),
            run_id=place.run_id,
            trouble=frozenset({type(error).__name__}),
        )
    )


async def tell_deadline_missed(due_after: str, context: Mapping[str, Any]) -> None:
    """Callback of a DeadlineAlert in the triggerer, whose other work goes on meanwhile."""
    await asyncio.to_thread(deadline_missed, due_after, context)


def deadline_missed(due_after: str, context: Mapping[str, Any]) -> None:
    """A run is not through in its time. `context` holds dag_run and deadline as JSON, no task.

    Args:
        due_after: the time a run has from its queueing, as people read it.
    """
    run, due = context["dag_run"], context.get("deadline", {}).get("deadline_time")
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    queued = _moment(run.get("queued_at"))
    raise_alert(
        Alert(
            kind="deadline_missed",
            subject=dag_id,
            what=f"The run was not through {due_after} after it was queued; it is {run['state']}.",
            where=f"DAG {dag_id}, run {run_id}, queued {in_store_time(queued) if queued else 'at an unknown time'}",
            since=_moment(due),
            links=(("Run", f"{dag_url(dag_id)}/runs/{quote(run_id)}"),),
            run_id=run_id,
        )
    )


def gate_stopped(batch: "LandedBatch", failure: "GateFailed") -> None:
    """The gate stopped a batch. Sample keys and queries are shown only of tables outside schema pii."""
    from include.gate import QuarantineExceeded

    place = here()
    what, *details = str(failure).splitlines()
    raise_alert(
        Alert(
            kind="quarantine_exceeded" if isinstance(failure, QuarantineExceeded) else "gate_failed",
            subject=batch.contract.table,
            what=what,
            where=f"{place}, batch {batch.id}",
            details=_findings(batch, details),
            links=(("Task log", place.log_url), ("Data Docs", _data_docs(batch))),
            run_id=place.run_id,
            trouble=failure.broken,
        )
    )


def gate_passed(batch: "LandedBatch", verdict: "Verdict", warehouse: "Warehouse") -> None:
    """The gate let a batch pass: what it had stopped is over; warnings are told, or over when there are none."""
    place, table = here(), batch.contract.table
    over = [f"gate_failed:{table}", f"quarantine_exceeded:{table}"]
    if not verdict.warnings:
        over.append(f"gate_warning:{table}")
    recover(*over, by=place.recovery, warehouse=warehouse)
    if verdict.warnings:
        raise_alert(
            Alert(
                kind="gate_warning",
                subject=table,
                what=f"{len(verdict.warnings)} expectation(s) do not hold.",
                where=f"{place}, batch {batch.id}",
                details=_findings(batch, verdict.warnings),
                links=(("Task log", place.log_url), ("Data Docs", _data_docs(batch))),
                run_id=place.run_id,
                # The rule's name: what follows it may be a value of the batch.
                trouble=frozenset(warning.partition(": ")[0] for warning in verdict.warnings),
            )
        )


def reconciled(table: str, result: "Reconciliation", warehouse: "Warehouse") -> None:
    """Source and warehouse were compared: a difference is told; it is over when each of its days was seen to agree.

    A day that has left the compared span stays open: nothing has said that it was mended.
    """
    place = here()
    if not result.days:
        return
    key = f"source_differs:{table}"
    differing = {str(difference.day) for difference in result.differences}
    left = settle(key, lambda day: day not in differing and result.compares(date.fromisoformat(day)), warehouse)
    past = sorted(day for day in left or () if result.is_past(date.fromisoformat(day)))
    if not differing and not past:
        if left is not None and not left:
            recover(key, f"{key}.deletions", by=place.recovery, warehouse=warehouse)
        return
    what, *details = _found(result) + _no_longer_compared(past, result, place.dag_id)
    raise_alert(
        Alert(
            kind="source_differs",
            subject=table,
            what=what,
            where=str(place),
            details=tuple(details),
            links=(("Task log", place.log_url),),
            run_id=place.run_id,
            trouble=frozenset({*differing, *past}),
        )
    )


def _found(result: "Reconciliation") -> list[str]:
    return str(result).splitlines() if result.differences else []


def _no_longer_compared(days: Sequence[str], result: "Reconciliation", dag_id: str) -> list[str]:
    """What is said of days that differed when they were compared last; nothing when there are none."""
    if not days or not result.compared:
        return []
    conf = {"start": days[0], "end": str(result.compared[1] + timedelta(days=1)), "reload_differences": True}
    return [
        f"{len(days):,} day(s) differed when they were last compared and are compared no more: {', '.join(days)}.",
        f"  Load and compare them by hand: airflow dags trigger {dag_id} --conf '{json.dumps(conf)}'",
    ]


def deletions_refused(table: str, refusal: "DeletionsRefused") -> None:
    """The source lacks more rows than can be believed: told apart, because the difference may be open already."""
    place = here()
    raise_alert(
        Alert(
            kind="source_differs",
            subject=f"{table}.deletions",
            what=f"{refusal}.",
            where=str(place),
            links=(("Task log", place.log_url),),
            run_id=place.run_id,
        )
    )


def cache_warmed(results: "list[Warmed]", error: Exception | None = None) -> None:
    """Looker's cache was warmed, in part or not at all."""
    place = here()
    failed = [result for result in results if result.error]
    if not failed and error is None:
        recover("cache_not_warmed:looker", by=place.recovery)
        return
    what = f"{len(failed)} of {len(results)} queries failed." if failed else f"Looker: {type(error).__name__}"
    raise_alert(
        Alert(
            kind="cache_not_warmed",
            subject="looker",
            what=what,
            where=str(place),
            details=tuple(f"{result.dashboard} · {result.title}" for result in failed),
            links=(("Task log", place.log_url),),
            run_id=place.run_id,
        )
    )


def dag_url(dag_id: str) -> str:
    """Address of a DAG in Airflow's UI."""
    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="http://localhost:8080/").rstrip("/")
    return f"{base}/dags/{dag_id}"


def late_after(due_after: timedelta) -> str:
    """A deadline's time as people read it, e.g. 6:00:00 as 6 h 0 min, and 0:00:20 as 20 s."""
    seconds = int(due_after.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 3600} h {seconds // 60 % 60} min"


def _moment(value: Any) -> datetime | None:
    """A moment of a callback's context, which comes as text or as it was; None when it cannot be read."""
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    except ValueError:
        return None
    return moment if isinstance(moment, datetime) and moment.tzinfo else None


def _is_told_by_gate(error: object) -> bool:
    # By name: importing the gate to compare classes would cost every failed task of every DAG.
    return any(f"{kind.__module__}.{kind.__name__}" == "include.gate.GateFailed" for kind in type(error).__mro__)


def _loads_personal_data(dag_id: str) -> bool:
    """Whether a DAG loads a table of schema pii, or erases it: an exception of its tasks may print a person's row."""
    return dag_id == "erase_customer" or any(
        agreed.schema == "pii" and dag_id == f"ingest_{agreed.source}" for agreed in all_contracts()
    )


def _findings(batch: "LandedBatch", lines: Sequence[str]) -> tuple[str, ...]:
    """What the gate says about rows: keys, queries and values are shown only of tables outside schema pii."""
    if batch.contract.schema == "pii" and lines:
        return ("What was found is in the task's log only: the table holds personal data.",)
    return tuple(lines)


def _data_docs(batch: "LandedBatch") -> str:
    """Address of a batch's Data Docs where DATA_DOCS_URL says that they are published, else their path."""
    from include import data_docs

    page = data_docs.folder(batch) / "index.html"
    if not config.DATA_DOCS_URL:
        return str(page)
    return address(config.DATA_DOCS_URL, page.relative_to(config.DATA_DOCS_DIR).as_posix())
