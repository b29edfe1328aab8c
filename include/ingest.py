"""The tasks that the ingest DAGs are wired from. XCom carries keys and counts only."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, Param, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include import config
from include.assets import REPROCESS, REPROCESS_REQUEST
from include.window import Window, WindowError, run_window

if TYPE_CHECKING:
    from include.lake import Manifest
    from include.landing import LandedBatch
    from include.reconcile import Reconciliation
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

RECONCILED_DAYS = 35
_UNFINISHED = ["null", "scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule", "deferred"]


def window_params() -> dict[str, Param]:
    """Params of a manual run: the span to load in one go, and whether to mend what differs from the source."""
    return {
        "start": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First day",
            description="Load from this day on (store time zone). Empty: the day of the run.",
        ),
        "end": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day after the last",
            description="Load up to this day, itself not included; today at the latest.",
        ),
        "reload_differences": Param(
            False,
            type="boolean",
            title="Reload differences",
            description="Where reconcile finds days that differ from the source, start one run more that loads them.",
        ),
    }


def deletion_params() -> dict[str, Param]:
    """The param of a source whose rows may vanish: with `reload_differences`, take out as many as are gone."""
    return {
        "allow_deletions": Param(
            False,
            type="boolean",
            title="Allow deletions",
            description="Reload differences takes out rows that are gone from the source, within the suite's limit. "
            "Switch this on where more than that were deleted on purpose.",
        ),
    }


@task
def extract(table: str) -> dict[str, Any]:
    """Stream a table's rows of the window to Parquet on S3 and return the key of the batch's folder and its rows."""
    from include import batches

    window = current_window()
    log.info("Reading %s for %s", table, window)
    manifest = batches.extract(table, window, batch_id(table, window))
    files = f"{len(manifest.files)} file(s), {manifest.bytes / 1e6:,.1f} MB"
    log.info(
        "Wrote %s rows of %s to %s (%s)",
        f"{manifest.rows:,}",
        table,
        f"s3://{config.LAKE_BUCKET}/{manifest.folder}",
        files,
    )
    if manifest.rows == 0:
        log.info("Nothing changed in this window; an empty batch is published, so that the window counts as loaded")
    return {"table": table, "folder": manifest.folder, "rows": manifest.rows}


@task(pool=config.WAREHOUSE)
def land(batch: dict[str, Any]) -> dict[str, Any]:
    """Hold a batch's files against its manifest and COPY them into its landing table."""
    from include import clients, lake
    from include.landing import land as land_batch
    from include.warehouse import open_warehouse

    manifest, contract = _manifest(batch)
    lake.verify(clients.lake_client(), config.LAKE_BUCKET, manifest)
    with open_warehouse("land") as warehouse:
        landed = land_batch(warehouse, manifest, contract)
    log.info("Landed %s rows in %s, as many as the manifest promises", f"{landed.rows:,}", landed.table)
    return batch


@task(pool=config.WAREHOUSE)
def gate(batch: dict[str, Any]) -> dict[str, Any]:
    """Check a landed batch against its suite; set bad rows aside, or stop the batch."""
    from include import alert_events, gating, metrics
    from include.gate import GateFailed

    with _landed(batch) as (warehouse, landed):
        try:
            with metrics.gate_timed(landed.contract.table):
                verdict, docs = gating.check(warehouse, landed)
        except GateFailed as failure:
            metrics.gate_stopped(landed.contract.table)
            alert_events.gate_stopped(landed, failure)
            raise
        alert_events.gate_passed(landed, verdict, warehouse)
    log.info("Checked %d expectations on %s rows; Data Docs: %s", verdict.checked, f"{landed.rows:,}", docs)
    for item in verdict.rejected:
        log.warning("Quarantine: %s rows, %s money at risk: %s", f"{item.rows:,}", f"{item.money:,.2f}", item.reason)
    for warning in verdict.warnings:
        log.warning("Warning: %s", warning)
    return {**batch, "rejected": verdict.rejected_rows}


@task(pool=config.WAREHOUSE)
def publish(batch: dict[str, Any]) -> dict[str, Any]:
    """Move a gated batch into staging and quarantine in one transaction."""
    from include import metrics
    from include.publish import Run
    from include.publish import publish as publish_batch

    context = get_current_context()
    run = Run(context["dag"].dag_id, context["run_id"], config.CODE_VERSION)
    with _landed(batch) as (warehouse, landed):
        published = publish_batch(warehouse, landed, run, rejected=batch.get("rejected"))
    if published is None:
        log.info("Batch %s was published before; nothing to do", landed.id)
        return batch
    metrics.published(landed.contract.table, published)
    log.info("Published %s to %s:", landed.id, landed.contract.target)
    for outcome in ("inserted", "updated", "superseded", "quarantined"):
        log.info("  %-12s %s", outcome, getattr(published, outcome))
    if published.replaced:
        log.info("  %s rows of older exports made way", f"{published.replaced:,}")
    return batch


@task(pool=config.WAREHOUSE)
def reconcile(tables: Sequence[str]) -> list[dict[str, Any]]:
    """Hold source against staging, day by day; name and report the days that differ.

    A run that is asked to mend them takes out what the source no longer has, and returns the params of the run that
    loads the rest again: none or one.
    """
    from include import alert_events
    from include import reconcile as reconciliation
    from include.warehouse import open_warehouse

    context = get_current_context()
    mends = reloads(context["dag_run"].run_type, context["params"])
    window = compared_window(current_window(), mends)
    spans: list[Window] = []
    with open_warehouse("reconcile") as warehouse:
        for table in tables:
            result = reconciliation.reconcile(warehouse, table, window)
            log.info("%s: %s", table, result)
            if mends and _take_out(warehouse, table, result, window):
                result = reconciliation.reconcile(warehouse, table, window)
                log.info("%s, without them: %s", table, result)
            spans += [result.reload] if result.reload else []
            alert_events.reconciled(table, result, warehouse)

    if not spans or not mends:
        return []
    span = Window(min(each.start for each in spans), max(each.end for each in spans), window.timezone)
    start, end = reconciliation.reload_days(span)
    log.info("The days that differ are loaded again by a run of their own, over the changes from %s to %s", start, end)
    return [{"start": str(start), "end": str(end), "reload_differences": False}]


def compared_window(loaded: Window, mends: bool) -> Window:
    """The span that is compared after a load: the weeks that end with it, and all of it where a run is to mend it."""
    trailing = loaded.trailing(RECONCILED_DAYS)
    return loaded if mends and loaded.start < trailing.start else trailing


def _take_out(warehouse: "Warehouse", table: str, result: "Reconciliation", window: Window) -> bool:
    """Take out what the source no longer has of the days that differ; whether anything was."""
    from include import alert_events, deletions
    from include.publish import Run

    if not result.differences or not deletions.deletable(table):
        return False
    context = get_current_context()
    run = Run(context["dag"].dag_id, context["run_id"], config.CODE_VERSION)
    days = [difference.day for difference in result.differences]
    unlimited = bool(context["params"].get("allow_deletions"))
    try:
        name = _name(table, "deleted", window)
        removed = deletions.remove(warehouse, table, days, window, name, run, unlimited=unlimited)
    except deletions.DeletionsRefused as refusal:
        log.error("%s", refusal)
        alert_events.deletions_refused(table, refusal)
        return False
    if removed is None:
        log.info("%s: the source still has every row that staging holds of these days; nothing to take out", table)
        return False
    log.info("%s: %s, of %s; the next build takes them out of the marts", table, removed, ", ".join(map(str, days)))
    return True


def reload(runs: Any) -> Any:
    """A task that starts the run that reconcile asks for, and is skipped when it asks for none.

    Its run id follows from that of this run: neither a retry nor a cleared run starts a second one.
    """
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

    return TriggerDagRunOperator.partial(
        task_id="reload",
        trigger_dag_id="{{ dag.dag_id }}",
        trigger_run_id="reload__{{ run_id }}",
        skip_when_already_exists=True,
    ).expand(conf=runs)


def reloads(run_type: str, params: Any) -> bool:
    """Whether a run starts another that loads the days that differ: only if asked to, and never one so started."""
    return run_type != "operator_triggered" and bool(params.get("reload_differences"))


def announce(asset: Asset) -> Any:
    """A task that tells the source's readers that a window was published."""

    @task(task_id="announce", outlets=[asset], pool=config.WAREHOUSE)
    def announce_asset() -> None:
        from include import alert_events

        window = current_window()
        get_current_context()["outlet_events"][asset].extra = {"start": str(window.start), "end": str(window.end)}
        log.info("Announced %s", asset.uri)
        alert_events.run_succeeded()

    return announce_asset()


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[REPROCESS_REQUEST], max_active_tis_per_dag=1)
def request_build() -> None:
    """Ask for one build after the last run of a backfill, or after a manual run; a scheduled run needs none.

    Only one of these tasks runs at a time, so of several runs that end together exactly one finds itself the last.
    """
    context = get_current_context()
    run = context["dag_run"]
    if not asks_for_build(run.run_type, context["params"]):
        log.info("A daily run: build_marts starts when all four sources have announced their day")
        return
    instance = context["ti"]
    open_requests = instance.get_ti_count(dag_id=run.dag_id, task_ids=[instance.task_id], states=_UNFINISHED) - 1
    if open_requests > 0:
        log.info("%d more run(s) of %s are on their way; the last one asks for the build", open_requests, run.dag_id)
        return
    ask_for_build(context)


def ask_for_build(context: Any) -> None:
    """Ask build_marts for a build, from a task with the outlet REPROCESS_REQUEST."""
    run = context["dag_run"]
    context["outlet_events"][REPROCESS_REQUEST].add(REPROCESS, extra={"dag_id": run.dag_id, "run_id": run.run_id})
    log.info("Asked build_marts for a build")


def asks_for_build(run_type: str, params: Any) -> bool:
    """Whether a run asks for a build of its own: backfills do, and those by hand or `reload` that load or mend days."""
    # Airflow's run types are strings and enumerations at once: they compare as strings, str() does not show them so.
    chosen = bool(params.get("start") or params.get("reload_differences"))
    return run_type == "backfill" or (run_type in ("manual", "operator_triggered") and chosen)


def current_window() -> Window:
    """Window of the running task.

    Raises:
        AirflowFailException: the run does not say what to load, or days that are not over; a retry would not help.
    """
    context = get_current_context()
    start, end = context.get("data_interval_start"), context.get("data_interval_end")
    try:
        return run_window(context["params"], start, end, config.store_timezone(), datetime.now(UTC))
    except WindowError as error:
        raise AirflowFailException(str(error)) from error


def batch_id(table: str, window: Window) -> str:
    """Name of a batch, a function of DAG, run, table, window and try: a retry never mixes with leftovers."""
    start, end = (moment.astimezone(window.timezone) for moment in (window.start, window.end))
    return _name(table, f"{start:%Y%m%d}_{end:%Y%m%d}", window)


def _name(table: str, what: str, window: Window) -> str:
    """Name of what a task writes of a table.

    The run counts with the moment it began. One that was deleted and made again, or that an Airflow with a new database
    makes, has the id and the try of the one before; as the same batch it would not be published.
    """
    return f"{table}__{what}_{seeded(get_current_context(), f'{window.start}|{window.end}')}"


def seeded(context: Any, what: str) -> str:
    """Ten hexadecimal digits, a function of `what` and of the task's DAG, run, the moment the run began, and try."""
    import hashlib

    instance = context["ti"]
    run = f"{instance.dag_id}|{instance.run_id}|{context['dag_run'].start_date}"
    return hashlib.sha256(f"{run}|{what}|{instance.try_number}".encode()).hexdigest()[:10]


@contextmanager
def _landed(batch: dict[str, Any]) -> "Iterator[tuple[Warehouse, LandedBatch]]":
    """A session of the warehouse and the landed batch in it."""
    from include import landing
    from include.warehouse import open_warehouse

    manifest, contract = _manifest(batch)
    with open_warehouse("ingest") as warehouse:
        yield warehouse, landing.as_promised(manifest, contract)


def _manifest(batch: dict[str, Any]) -> "tuple[Manifest, Any]":
    from include import lake
    from include.clients import lake_client
    from include.contracts import contract

    return lake.read_manifest(lake_client(), config.LAKE_BUCKET, batch["folder"]), contract(batch["table"])
