"""What the warehouse holds, in short: how far each source is, the last batches, the quarantine, the open alerts."""

from datetime import datetime
from typing import Any

from rich.console import Console
from snowflake.connector.errors import ProgrammingError

from include.alert_log import open_alerts
from include.contracts import all_contracts
from include.freshness import freshness, sources
from include.warehouse import Warehouse
from local.product import Dataset
from local.report import print_table
from local.snowflake.account import connect
from local.stack import Stack

LAST_BATCHES = """
select table_name, batch_id, extracted_rows, quarantined_rows, published_at
from audit.loads
qualify row_number() over (partition by table_name order by published_at desc, batch_id desc) = 1
order by table_name
"""
QUARANTINED = """
select _reason, count(*), sum(_money_at_risk)
from {table}
where _deleted_at is null
group by _reason
order by _reason
"""


def print_status(console: Console, stack: Stack) -> None:
    """Print how far the data is and what is wrong with it, or that nothing was loaded yet."""
    endpoint = stack.endpoints["snowflake"]
    with connect(endpoint, stack.ca_file, database=endpoint["database"]) as connection:
        warehouse = Warehouse(connection)
        try:
            loads = warehouse.rows("freshness/published_spans.sql")
            alerts = open_alerts(warehouse)
        except ProgrammingError:
            console.print("\nThe warehouse has no tables yet: `make demo` makes and fills them.")
            return
        console.print()
        columns = ("source", "data through", "last published")
        print_table(console, "Sources", columns, _sources(loads, Dataset.read(stack.dataset_dir)))
        batches = [(*row, _minute(moment)) for *row, moment in warehouse.execute(LAST_BATCHES).fetchall()]
        print_table(console, "Last batch", ("table", "batch", "extracted", "quarantined", "published"), batches)
        rejected = _quarantined(warehouse) or [("nothing", "", "", "")]
        print_table(console, "Quarantine", ("table", "reason", "rows", "money at risk"), rejected)
    rows = [(alert.headline, alert.times, _minute(alert.first_seen_at)) for alert in alerts]
    print_table(console, "Open alerts", ("alert", "seen", "since"), rows or [("none", "", "")])


def _sources(loads: list[tuple], dataset: Dataset) -> list[tuple[Any, ...]]:
    """Source, last whole day that all its tables have published without a gap, time of its last batch (UTC)."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for table, start, end, _ in loads:
        spans.setdefault(table, []).append((start, end))
    rows = []
    for source, tables in sources().items():
        through = freshness(source, tables, spans, dataset.last_day, dataset.timezone).published
        last = max((published_at for table, *_, published_at in loads if table in tables), default=None)
        rows.append((source, through or "never", _minute(last)))
    return rows


def _quarantined(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """Table, reason, rows and money of what is set aside and still in its source."""
    return [
        (contract.table, reason, f"{rows:,}", f"{money or 0:,.2f}")
        for contract in all_contracts()
        for reason, rows, money in warehouse.execute(QUARANTINED.format(table=contract.quarantine)).fetchall()
    ]


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
