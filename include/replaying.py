"""The tasks of replay_quarantine. XCom carries counts only, logs counts and reasons: never a row."""

import logging
from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include import config
from include.assets import REPROCESS_REQUEST
from include.contracts import tables
from include.ingest import ask_for_build, seeded

if TYPE_CHECKING:
    from include.replay import Choice, Replayed

log = logging.getLogger(__name__)


def replay_params() -> dict[str, Param]:
    """Params of a replay: which rows, and whether to try only."""
    return {
        "table": Param(type="string", enum=tables(), title="Table", description="Whose quarantined rows to replay."),
        "reason": Param(
            None,
            type=["null", "string"],
            title="Reason",
            description="Only rows that were set aside for this reason (_reason). Empty: for any.",
        ),
        "batch": Param(
            None,
            type=["null", "string"],
            title="Batch",
            description="Only rows that this batch brought (_batch_id). Empty: by any.",
        ),
        "dry_run": Param(
            True,
            type="boolean",
            title="Dry run",
            description="Tell in the log what would happen and change nothing. Switch it off to publish.",
        ),
    }


@task.short_circuit(pool=config.WAREHOUSE)
def replay() -> int:
    """Replay the chosen rows; returns how many this run has published. Without any, no build is asked for."""
    from include import alert_events
    from include import replay as replaying
    from include.publish import Run
    from include.warehouse import open_warehouse

    context = get_current_context()
    params, instance = context["params"], context["ti"]
    choice = replaying.Choice(params["table"], params["reason"] or None, params["batch"] or None)
    run = Run(instance.dag_id, instance.run_id, config.CODE_VERSION)
    log.info("%s %s", "Dry run, nothing will change: replaying" if params["dry_run"] else "Replaying", choice)
    with open_warehouse("replay") as warehouse:
        try:
            batch_id = _batch_id(choice)
            replayed = replaying.replay(warehouse, choice, batch_id, run, dry_run=params["dry_run"])
        except replaying.ReplayError as error:
            raise AirflowFailException(str(error)) from error
        _tell(choice, replayed, params["dry_run"])
        alert_events.run_succeeded(warehouse)
        return replaying.published_rows(warehouse, run)


@task(outlets=[REPROCESS_REQUEST])
def request_build() -> None:
    """Ask for a build. Every replay asks by itself: one that follows may be a dry run, and requests share a build."""
    ask_for_build(get_current_context())


def _batch_id(choice: "Choice") -> str:
    """Name of a replay, a function of DAG, run, choice and try: a retry never mixes with leftovers."""
    return f"{choice.table}__replay_{seeded(get_current_context(), f'{choice.reason}|{choice.batch}')}"


def _tell(choice: "Choice", replayed: "Replayed", dry_run: bool) -> None:
    published = replayed.published
    if not published.landed.rows:
        log.info("Nothing to do: the quarantine holds no %s", choice)
        return
    log.info("Took %s of the quarantine; Data Docs: %s", published.landed, replayed.docs)
    for group in replayed.judged:
        now = f"still fail: {group.fails}" if group.fails else "pass now"
        log.info("  %-24s %s %s", group.reason, group.amount, now)
    for warning in replayed.warnings:
        log.warning("Warning: %s", warning)
    if not replayed.released.rows:
        log.info("No row passes, so nothing changes: correct the suite or the source first")
        return
    log.info("What would happen:" if dry_run else f"Published as batch {published.batch_id}:")
    for outcome in ("inserted", "updated", "superseded"):
        log.info("  %-24s %s", outcome, getattr(published, outcome))
    log.info("  %-24s %s", "still quarantined", published.quarantined)
    if dry_run:
        log.info("Nothing was changed. To publish, trigger the DAG again with dry_run switched off")
