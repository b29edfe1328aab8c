"""Which dashboard queries a build has made stale in Looker's cache, and running them again."""

import logging
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include import config
from include.looker import Warmed

if TYPE_CHECKING:
    from include.lineage import Dashboard, Lineage
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

FIRST_POLL_SECONDS, LAST_POLL_SECONDS = 0.1, 2.0
NOTICE_POLL_SECONDS = 15.0
FAILED = ("error", "failure", "killed")
# What makes two queries the same to Looker, and so has to be the same for a result to be found in the cache.
QUERY_ATTRIBUTES = (
    "model", "view", "fields", "pivots", "fill_fields", "filters", "filter_expression", "sorts", "limit",
    "column_limit", "total", "row_total", "subtotals", "dynamic_fields", "query_timezone",
)  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """A query as a dashboard runs it when it is opened. `explore` is (model, explore)."""

    dashboard: str
    title: str
    dashboard_id: str
    element_id: str
    query_id: str
    explore: tuple[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells the tile's query from all others, also after the tile was changed."""
        return self.dashboard_id, self.element_id, self.query_id


def warm(client: Any, warehouse: "Warehouse", lineage: "Lineage") -> list[Warmed]:
    """Run every query of the exposed dashboards that a build has made stale since it last ran, a few at a time.

    A query that failed is stale until it runs without an error. A dashboard that Looker does not know is a failure.

    Args:
        client: Looker API 4.0.
        warehouse: an open session; tells what changed, keeps what ran in audit.warmed_queries.
        lineage: names the dashboards.
    """
    builds = warehouse.rows("looker/last_build.sql")
    if not builds:
        return []
    [(build_number, finished_at)] = builds
    found: list[Tile] = []
    results: list[Warmed] = []
    for dashboard in lineage.dashboards:
        try:
            found += tiles(client, dashboard)
        except _looker_error() as error:
            results.append(Warmed(dashboard.label, "the dashboard", 0.0, _said(error)))
    due = _due(client, warehouse, found)
    results += [Warmed(tile.dashboard, tile.title, 0.0, skipped=True) for tile in found if tile not in due]
    if not due:
        return results
    wait_until_noticed(client, {tile.explore[0] for tile in due}, finished_at.replace(tzinfo=UTC))
    with ThreadPoolExecutor(config.LOOKER_PARALLEL_QUERIES) as pool:
        ran = list(pool.map(lambda tile: _run(client, tile), due))
    _remember(warehouse, build_number, due, ran)
    return results + ran


def tiles(client: Any, dashboard: "Dashboard") -> list[Tile]:
    """The queries of a dashboard, with the values that its filters have when it is opened. Raises SDKError."""
    known = client.dashboard(dashboard.id, fields="id,title,dashboard_filters,dashboard_elements")
    defaults = {
        name: each.default_value
        for each in known.dashboard_filters or []
        if each.default_value
        for name in (each.name, each.title)
    }
    made = []
    for element in known.dashboard_elements or []:
        query = element.query or (element.result_maker.query if element.result_maker else None)
        if query is None:
            continue  # a text, or a button
        values = {
            listen.field: defaults[listen.dashboard_filter_name]
            for filterable in (element.result_maker.filterables if element.result_maker else None) or []
            for listen in filterable.listen or []
            if listen.dashboard_filter_name in defaults
        }
        query_id = _filtered(client, query, values) if values else query.id
        title = element.title or element.id
        made.append(Tile(known.title, title, dashboard.id, element.id, query_id, (query.model, query.view)))
    return made


def wait_until_noticed(client: Any, models: Iterable[str], finished_at: datetime) -> None:
    """Wait until Looker has asked for the triggers of the models' datagroups: results that are older are dropped then.

    Gives up, with a warning, after LOOKER_NOTICE_SECONDS.

    Args:
        client: Looker API 4.0.
        models: names of the models.
        finished_at: when the build was finished (aware).
    """
    began, triggered, wanted = time.time(), finished_at.timestamp(), set(models)
    while True:
        try:
            groups = [group for group in client.all_datagroups() if group.model_name in wanted]
        except _looker_error() as error:
            log.warning("Looker does not tell about datagroups, so results may be dropped again: %s", _said(error))
            return
        for group in (group for group in groups if group.trigger_error):
            log.warning("The trigger of datagroup %s fails in Looker: %s", group.name, group.trigger_error)
        late = sorted(
            group.name
            for group in groups
            if not group.trigger_error
            and group.trigger_check_at
            and group.trigger_check_at < began
            and (group.triggered_at or 0) < triggered
        )
        if not late:
            return
        if time.time() - began > config.LOOKER_NOTICE_SECONDS:
            log.warning("Looker has not looked at these datagroups in time, it may drop results: %s", ", ".join(late))
            return
        time.sleep(NOTICE_POLL_SECONDS)


def _due(client: Any, warehouse: "Warehouse", found: Iterable[Tile]) -> list[Tile]:
    """Tiles whose query has not run since a build changed one of its explore's tables; all that cannot be told."""
    changed: dict[str, int] = dict(warehouse.rows("looker/changed_marts.sql"))
    warmed = {tuple(key): build for *key, build in warehouse.rows("looker/warmed_queries.sql")}
    tables: dict[tuple[str, str], set[str]] = {}
    due = []
    for tile in found:
        if tile.explore not in tables:
            tables[tile.explore] = _tables(client, *tile.explore)
        if _is_stale(tables[tile.explore], changed, warmed.get(tile.key)):
            due.append(tile)
    return due


def _is_stale(tables: set[str], changed: Mapping[str, int], warmed_after: int | None) -> bool:
    if warmed_after is None or not tables or not tables <= changed.keys():
        return True
    return max(changed[table] for table in tables) > warmed_after


def _tables(client: Any, model: str, explore: str) -> set[str]:
    """Views of an explore: each has the name of its table. Looker drops its results when any of them changes."""
    try:
        known = client.lookml_model_explore(model, explore, fields="name,view_name,joins")
    except _looker_error():
        return set()
    return {known.view_name or known.name, *(join.from_ or join.name for join in known.joins or [])}


def _filtered(client: Any, query: Any, values: Mapping[str, str]) -> str:
    """Id of the query with other filter values; Looker knows equal queries by one id."""
    from looker_sdk import models40

    attributes = {name: getattr(query, name) for name in QUERY_ATTRIBUTES}
    attributes["filters"] = {**(attributes["filters"] or {}), **values}
    return client.create_query(models40.WriteQuery(**attributes), fields="id,model,view").id


def _run(client: Any, tile: Tile) -> Warmed:
    """Run the query as the dashboard would, past the cache: the result takes the place of the one there."""
    from looker_sdk import models40

    began, pause = time.monotonic(), FIRST_POLL_SECONDS
    done = Warmed(tile.dashboard, tile.title, 0.0)
    # The other formats are streamed to the caller, and leave nothing in the cache.
    body = models40.WriteCreateQueryTask(query_id=tile.query_id, result_format=models40.ResultFormat.json_detail)
    try:
        task = client.create_query_task(body, cache=False, fields="id,status")
        while task.status != "complete":
            seconds = time.monotonic() - began
            if task.status in FAILED:
                return replace(done, seconds=seconds, error=f"the query ended with status {task.status}")
            if seconds > config.LOOKER_QUERY_SECONDS:
                return replace(done, seconds=seconds, error=f"no result after {config.LOOKER_QUERY_SECONDS} s")
            time.sleep(pause)
            pause = min(2 * pause, LAST_POLL_SECONDS)
            task = client.query_task(task.id, fields="id,status")
    except _looker_error() as error:
        return replace(done, seconds=time.monotonic() - began, error=_said(error))
    return replace(done, seconds=time.monotonic() - began)


def _remember(warehouse: "Warehouse", build_number: int, due: list[Tile], ran: list[Warmed]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    warehouse.insert(
        "audit.warmed_queries",
        ("build_number", "dashboard", "tile", "query_id", "succeeded", "seconds", "warmed_at"),
        [
            (build_number, *tile.key, result.error is None, round(result.seconds, 3), now)
            for tile, result in zip(due, ran, strict=True)
        ],
    )


def _looker_error() -> type[Exception]:
    from looker_sdk.error import SDKError

    return SDKError


def _said(error: Exception) -> str:
    """What Looker answered, in one line without its links."""
    return " ".join(str(getattr(error, "message", error)).split())[:300]
