"""What a load came to, read back from the warehouse: rows, quarantine, the build and the headline numbers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from include.contracts import all_contracts
from local.airflow_environment import PASSWORD, USER
from local.dbt_manifest import ensure_manifest
from local.product import Product
from local.snowflake.account import connect

LOADED = """
select
    table_name,
    count(*) as batches,
    sum(extracted_rows),
    sum(inserted_rows),
    sum(updated_rows),
    sum(superseded_rows),
    sum(quarantined_rows)
from audit.loads
group by table_name
order by table_name
"""
QUARANTINED = """
select _reason, count(*), coalesce(sum(_money_at_risk), 0)
from {table}
group by _reason
order by count(*) desc, _reason
"""
HEADLINE = """
select
    sum(gross_revenue),
    sum(discount_amount),
    sum(refund_amount),
    sum(net_revenue),
    sum(order_count),
    sum(session_count),
    sum(converted_session_count)
from marts.agg_daily_kpis
"""
CUSTOMERS = "select count(*) from marts.rfm_analysis"
SEGMENTS = """
select segment, count(*), sum(monetary)
from marts.rfm_analysis
group by segment
order by sum(monetary) desc
"""
PAIRS = """
select product_name_a, product_name_b, pair_count, support, lift
from marts.product_affinity
order by {order} desc, product_key_a, product_key_b
limit 5
"""
COUNT_PAIRS = "select count(*) from marts.product_affinity"
LAST_BUILD = """
select data_through, datediff('second', started_at, finished_at)
from audit.builds
order by finished_at desc
limit 1
"""


@dataclass(frozen=True)
class Report:
    """Everything that is shown, as the warehouse answers it. Money is in the store's currency."""

    loaded: list[tuple]
    quarantined: list[tuple[str, str, int, Decimal]]
    headline: tuple
    customers: int
    segments: list[tuple]
    pairs: int
    pairs_by_support: list[tuple]
    pairs_by_lift: list[tuple]
    build: tuple | None
    built: tuple[int, int]


def read_report(product: Product) -> Report:
    """Ask the warehouse, through the connector every client uses."""
    endpoint = product.stack.endpoints["snowflake"]
    with connect(endpoint, product.stack.ca_file, database=endpoint["database"]) as connection:

        def rows(statement: str) -> list[Any]:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall()

        return Report(
            loaded=rows(LOADED),
            quarantined=[
                (contract.table, *row)
                for contract in all_contracts()
                for row in rows(QUARANTINED.replace("{table}", contract.quarantine))
            ],
            headline=rows(HEADLINE)[0],
            customers=rows(CUSTOMERS)[0][0],
            segments=rows(SEGMENTS),
            pairs=rows(COUNT_PAIRS)[0][0],
            pairs_by_support=rows(PAIRS.replace("{order}", "support")),
            pairs_by_lift=rows(PAIRS.replace("{order}", "lift")),
            build=next(iter(rows(LAST_BUILD)), None),
            built=_built(),
        )


def print_report(console: Console, product: Product, seconds: dict[str, float]) -> None:
    """Print the report, the times of the phases and where to look next."""
    report = read_report(product)
    data, money = product.dataset, product.dataset.currency
    console.print(f"\n[bold]{data.title}[/]  {data.first_day} to {data.last_day} ({data.timezone.key}), in {money}\n")
    columns = ("table", "batches", "extracted", "inserted", "updated", "superseded", "quarantined")
    print_table(console, "Loaded", columns, report.loaded)
    if report.quarantined:
        print_table(console, "Quarantined", ("table", "reason", "rows", "money at risk"), report.quarantined)
    print_table(console, "Headline numbers, all days", ("", ""), _headline(report))
    print_table(console, "Customers by RFM segment", ("segment", "customers", "gross revenue"), report.segments)
    pair_columns = ("product", "bought with", "baskets", "support", "lift")
    print_table(console, f"Product pairs by support (of {report.pairs:,})", pair_columns, report.pairs_by_support)
    print_table(console, "Product pairs by lift", pair_columns, report.pairs_by_lift)
    print_table(console, "Time", ("phase", "seconds"), [(name, round(time, 1)) for name, time in seconds.items()])
    _print_addresses(console, product)


def _headline(report: Report) -> list[tuple[str, Any]]:
    gross, discounts, refunds, net, orders, sessions, converted = report.headline
    lines: list[tuple[str, Any]] = [
        ("gross revenue", gross),
        ("discounts", discounts),
        ("refunds", refunds),
        ("net revenue", net),
        ("valid orders", orders),
        ("average order value", gross / orders if orders else None),
        ("customers with an order", report.customers),
        ("sessions", sessions),
        ("sessions with a purchase", converted),
    ]
    if report.build:
        lines += [("data through", report.build[0]), ("last build, seconds", report.build[1])]
    return [*lines, ("models built", report.built[0]), ("dbt tests passed", report.built[1])]


def _built() -> tuple[int, int]:
    """Models and tests of the project; a build that went through has built and passed all of them."""
    kinds = [node["resource_type"] for node in json.loads(ensure_manifest().read_text())["nodes"].values()]
    return kinds.count("model"), kinds.count("test")


def _print_addresses(console: Console, product: Product) -> None:
    endpoints = product.stack.endpoints
    lines = {
        "Airflow": f"{product.api.url}  ({USER} / {PASSWORD})",
        "warehouse": 'make sql, or make sql Q="select * from marts.agg_daily_kpis"',
        "hosted stand-ins": f"{endpoints['saas']['base_url']}  (Slack: /_control/slack/messages)",
        "lake": f"{endpoints['s3']['endpoint_url']}  (bucket {endpoints['s3']['bucket']})",
        "task logs": str(product.airflow.environment.task_logs),
        "other logs": str(product.airflow.logs),
    }
    for name, address in lines.items():
        console.print(f"  {name:18}{address}", markup=False)


def print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under a title; text to the left, all else to the right."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE if any(columns) else None,
        show_header=any(columns),
        header_style="dim",
        padding=(0, 1, 0, 1),
        pad_edge=False,
        collapse_padding=True,
    )
    for place, column in enumerate(columns):
        is_text = all(isinstance(row[place], str) for row in rows)
        longest = max((len(_text(row[place])) for row in rows), default=0)
        table.add_column(column, justify="left" if is_text else "right", min_width=longest)
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    console.print(table)
    console.print()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if value != value.to_integral_value() or value.as_tuple().exponent else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
