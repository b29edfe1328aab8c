"""The record of a finished build."""

import logging
from collections.abc import Mapping, Set
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context, task

from include import config
from include.assets import MARTS

if TYPE_CHECKING:
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

Inputs = Mapping[str, Set[str]]  # by mart, what it is computed from


def record(
    warehouse: "Warehouse",
    run_id: str,
    started_at: datetime | None,
    inputs: Inputs | None = None,
    full_refresh: bool = False,
) -> tuple[int, object]:
    """Write the build at work, its batches and the marts it changed to the audit tables, once.

    Args:
        warehouse: an open session.
        run_id: the Airflow run that built.
        started_at: when it began (UTC, without zone).
        inputs: what each mart is computed from, as include.lineage gives it.
        full_refresh: whether everything was computed anew.

    Returns:
        The build's number and last day.
    """
    finished_at = datetime.now(UTC).replace(tzinfo=None)
    values = {"run_id": run_id, "started_at": started_at, "finished_at": finished_at}
    with warehouse.transaction():
        warehouse.run("publish/record_build.sql", values)
        warehouse.run("publish/record_built_batches.sql", values)
        [(build_number, data_through)] = warehouse.rows("publish/find_build.sql")
        changed = changed_marts(warehouse, build_number, inputs or {}, full_refresh)
        warehouse.run("publish/forget_built_marts.sql", {"build_number": build_number})
        warehouse.insert(
            "audit.built_marts",
            ("build_number", "mart", "reason", "code_version", "built_at"),
            [(build_number, mart, reason, config.CODE_VERSION, finished_at) for mart, reason in changed.items()],
        )
    return build_number, data_through


def changed_marts(
    warehouse: "Warehouse", build_number: int, inputs: Inputs, full_refresh: bool = False
) -> dict[str, str]:
    """Marts that the build at work has changed, or may have, with the reason.

    A mart without a changed input, made by the same code, holds the same rows as before.
    """
    versions = warehouse.rows("publish/last_code_version.sql", {"build_number": build_number})
    if full_refresh or versions != [(config.CODE_VERSION,)]:
        reason = "full refresh" if full_refresh else "changed code" if versions else "first build"
        return dict.fromkeys(sorted(inputs), reason)
    changed = {name for (name,) in warehouse.rows("publish/changed_inputs.sql")}
    return {mart: ", ".join(sorted(of & changed)) for mart, of in sorted(inputs.items()) if of & changed}


@task(outlets=[MARTS])
def record_build() -> None:
    """Record the build: from now on it is the one that readers see, and its batches need not be looked at again."""
    from include import alert_events, lineage
    from include.warehouse import open_warehouse

    context = get_current_context()
    run = context["dag_run"]
    started_at = run.start_date.astimezone(UTC).replace(tzinfo=None) if run.start_date else None
    with open_warehouse("record_build") as warehouse:
        build_number, data_through = record(
            warehouse, run.run_id, started_at, lineage.read().inputs, bool(context["params"].get("full_refresh"))
        )
        alert_events.run_succeeded(warehouse)
    log.info("The marts are built (build %s); they cover every day up to %s", build_number, data_through)
