"""The tasks of export_marts. XCom carries names, days and counts only."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import Param, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include import config
from include.exports import FORMATS, Refused, names
from include.window import WindowError, run_window

if TYPE_CHECKING:
    from include.exports.mart import Order
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

MARTS_AT_ONCE = 4


def export_params() -> dict[str, Param]:
    """Params of a run by hand; without any it does what a build causes."""
    marts = list(names())
    return {
        "marts": Param(
            marts,
            type="array",
            items={"type": "string", "enum": marts},
            examples=marts,
            title="Marts",
            description="Which marts to export.",
        ),
        "start": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First day",
            description="Only days from this one on, of marts that are exported by the day. Empty: all days.",
        ),
        "end": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day after the last",
            description="Only days before this one.",
        ),
        "format": Param(
            None,
            type=["null", "string"],
            enum=[None, *FORMATS],
            title="Format",
            description="Another format than that of include/exports/marts.yml.",
        ),
        "full": Param(
            False,
            type="boolean",
            title="Full",
            description="Write everything anew, also what has not changed since the last export.",
        ),
    }


@task(pool=config.WAREHOUSE)
def plan() -> list[dict[str, Any]]:
    """What the run exports, one item a mart, all of them of the build that the marts are of now."""
    from include.exports.mart import current_build

    params = get_current_context()["params"]
    with _open() as warehouse, _told():
        build_number, data_through = current_build(warehouse)
        orders = planned(params, build_number)
    if not orders:
        raise AirflowFailException("none of the chosen marts is exported by the day: leave out start and end")
    log.info(
        "Build %s, with every day up to %s: exporting %s",
        build_number,
        data_through,
        ", ".join(o["mart"] for o in orders),
    )
    return orders


def planned(params: Any, build_number: int) -> list[dict[str, Any]]:
    """The orders that a run's params make, as `ordered` reads them.

    Raises:
        Refused, WindowError: a mart cannot be exported as asked, or only one of start and end is given.
    """
    from include.exports import definition

    span = {"start": None, "end": None}
    if params["start"] or params["end"]:
        run_window(params, None, None, config.store_timezone())
        span = {"start": params["start"], "end": params["end"]}
    orders = []
    for mart in dict.fromkeys(params["marts"]):
        if span["start"] and definition(mart).by is None:
            log.warning("%s is exported as a whole, not by the day: left out of a run with start and end", mart)
            continue
        chosen = params["format"] or definition(mart).format
        orders.append({"mart": mart, "format": chosen, **span, "full": params["full"], "build_number": build_number})
    return orders


def ordered(raw: dict[str, Any], run_id: str) -> "Order":
    """An item of the plan. Readers are led only to what is whole and of the format they expect."""
    from dataclasses import replace

    from include.exports import definition
    from include.exports.mart import Order

    declared = definition(raw["mart"])
    start, end = (date.fromisoformat(raw[name]) if raw[name] else None for name in ("start", "end"))
    return Order(
        replace(declared, format=raw["format"]),
        raw["build_number"],
        run_id,
        start,
        end,
        full=raw["full"],
        is_latest=start is None and raw["format"] == declared.format,
    )


@task(pool=config.WAREHOUSE, max_active_tis_per_dagrun=MARTS_AT_ONCE, map_index_template="{{ mart }}")
def export(order: dict[str, Any]) -> dict[str, Any]:
    """Unload one mart; returns how many rows it has and how many of them were written anew."""
    from include import clients
    from include.exports import mart as exports
    from include.exports.manifest import ExportLake

    context: Any = get_current_context()
    context["mart"] = order["mart"]
    lake = ExportLake(clients.lake_client(), config.LAKE_BUCKET, order["mart"])
    chosen = ordered(order, context["run_id"])
    with _open() as warehouse, _told():
        exported = exports.export(warehouse, lake, chosen, config.CODE_VERSION)
    manifest, written = exported.manifest, exported.written
    rows = sum(part.content.rows for part in written)
    log.info(
        "Wrote %s of %s rows anew (%d of %d parts); the rest has not changed since it was exported",
        *(f"{rows:,}", f"{manifest.rows:,}", len(written), len(manifest.parts)),
    )
    log.info("Files, rows and sums: s3://%s/%s", lake.bucket, exported.key)
    if not chosen.is_latest:
        log.info("latest.json still leads to the last whole export: read this one by its own manifest")
    return {"mart": manifest.mart, "rows": manifest.rows, "written_rows": rows}


@task(pool=config.WAREHOUSE)
def finish(exported: list[dict[str, Any]]) -> None:
    """Say what the run has exported, and that what had failed before is over."""
    from include import alert_events

    for each in exported:
        log.info("%-26s %12s rows, %12s written anew", each["mart"], f"{each['rows']:,}", f"{each['written_rows']:,}")
    alert_events.run_succeeded()


@contextmanager
def _open() -> "Iterator[Warehouse]":
    from include.warehouse import open_warehouse

    with open_warehouse("export") as warehouse:
        yield warehouse


@contextmanager
def _told() -> Iterator[None]:
    """Errors that a retry would meet again end the task at once; a build that came in between is no fault."""
    from include.exports.mart import Superseded

    try:
        yield
    except (WindowError, Refused) as error:
        raise AirflowFailException(str(error)) from error
    except Superseded as error:
        _give_way(error)


def _give_way(error: Exception) -> NoReturn:
    """A run that a build has caused leaves the exporting to the run after the next build; one by hand fails."""
    if get_current_context()["dag_run"].run_type == "asset_triggered":
        log.warning("%s. Nothing of this run is visible; the run after that build exports", error)
        raise AirflowSkipException(str(error)) from error
    raise AirflowFailException(f"{error}; trigger the export again when build_marts is through") from error
