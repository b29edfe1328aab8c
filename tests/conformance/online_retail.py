"""Online Retail (UCI, CC BY 4.0) against answers computed with pandas, mlxtend and lifetimes, then in SQL."""

import csv
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from local.stack import REPOSITORY
from tests.conformance.comparison import Comparison, exact, same_rows
from tests.end_to_end.loaded import Loaded

SHARED = REPOSITORY.parent / "shared" / "data"
SOURCE = SHARED / "online_retail" / "online_retail_i.parquet"
EXPECTED = SHARED / "expected" / "online_retail"
SOURCE_LINES = 541_909
TITLE = "Online Retail"


def spec(directory: Path) -> str | None:
    """The data set, or None when the file is not beside the repository."""
    return f"online_retail:{SOURCE}" if SOURCE.exists() else None


def compare(shop: Loaded) -> Iterator[Comparison]:
    """Everything the reference answers."""
    held = sum(
        shop.row(f"select count(*) from {table}")[0]
        for table in ("staging.order_items", "quarantine.order_items", "staging.refunds", "quarantine.refunds")
    )
    yield exact("source lines loaded or quarantined", SOURCE_LINES, held)
    orders, customers, gross = shop.row("""
        select count(*), count(distinct customer_key), sum(gross_revenue)
        from marts.fct_orders
        where is_valid and customer_key != 'unknown'
    """)
    yield exact("orders of known customers", 18_532, orders)
    yield exact("known customers", 4_338, customers)
    yield exact("gross revenue of known customers", Decimal("8911407.904"), gross.normalize())
    yield from months(shop)
    yield from cohorts(shop)
    yield from customers_one_by_one(shop)
    yield pairs(shop)


def months(shop: Loaded) -> Iterator[Comparison]:
    """Revenue, orders and customers a month; net revenue with refunds on their day."""
    yield same_rows(
        "orders and revenue a month",
        {row["month"]: (int(row["orders"]), Decimal(row["revenue"])) for row in reference("i_monthly_all_sales.csv")},
        {
            row[0]: row[1:]
            for row in shop.rows("""
                select to_char(month_start, 'YYYY-MM'), order_count, gross_revenue from marts.agg_monthly_kpis
            """)
        },
    )
    yield same_rows(
        "orders, customers and revenue a month, known customers",
        {
            row["month"]: (int(row["orders"]), int(row["customers"]), Decimal(row["revenue"]))
            for row in reference("i_monthly_known_customers.csv")
        },
        {
            row[0]: row[1:]
            for row in shop.rows("""
                select
                    to_char(order_day, 'YYYY-MM') as month,
                    count(*),
                    count(distinct customer_key),
                    sum(gross_revenue)
                from marts.fct_orders
                where is_valid and customer_key != 'unknown'
                group by month
            """)
        },
    )
    yield same_rows(
        "net revenue a month, known customers",
        {row["month"]: Decimal(row["net_revenue"]) for row in reference("i_monthly_net_known_customers.csv")},
        dict(
            shop.rows("""
                select to_char(day, 'YYYY-MM') as month, sum(amount)
                from (
                    select order_day as day, gross_revenue - discount_amount as amount
                    from marts.fct_orders where is_valid and customer_key != 'unknown'
                    union all
                    select refund_day, -refund_amount from marts.fct_refunds
                    where is_valid and customer_key != 'unknown'
                ) as booked
                group by month
            """)
        ),
    )


def cohorts(shop: Loaded) -> Iterator[Comparison]:
    """Customers, rate and revenue of each cohort and month."""
    for what, file, column, relative in (
        ("cohort customers", "i_cohort_counts.csv", "observed_customers", 0.0),
        ("cohort revenue", "i_cohort_revenue.csv", "observed_revenue", 0.0),
        ("cohort retention rates", "i_cohort_rates.csv", "observed_retention_rate", 1e-5),
    ):
        cells = {
            (row["cohort_month"], int(number)): Decimal(value)
            for row in reference(file)
            for number, value in row.items()
            if number != "cohort_month" and value
        }
        query = f"select to_char(cohort_month, 'YYYY-MM'), month_number, {column} from marts.cohort_retention"
        yield same_rows(what, cells, {row[:2]: Decimal(row[2]) for row in shop.rows(query)}, relative)
    yield exact(
        "cells of the unfinished month that tell a number",
        0,
        shop.row("select count(customers) from marts.cohort_retention where not is_complete")[0],
    )


def customers_one_by_one(shop: Loaded) -> Iterator[Comparison]:
    """RFM, purchase histories, the twenty best and the countries of each customer."""
    yield same_rows(
        "recency, frequency and money of each customer",
        {
            row["CustomerID"]: (int(row["recency_days"]), int(row["frequency"]), Decimal(row["monetary"]))
            for row in reference("i_rfm_per_customer.csv.gz")
        },
        {
            row[0]: row[1:]
            for row in shop.rows("select customer_key, recency_days, frequency, monetary from marts.rfm_analysis")
        },
    )
    yield same_rows(
        "x, t_x and T of each customer in days",
        {
            row["CustomerID"]: tuple(int(float(row[name])) for name in ("frequency", "recency", "T"))
            for row in reference("i_clv_summary_day_grain.csv.gz")
        },
        {
            row[0]: tuple(map(int, row[1:]))
            for row in shop.rows("""
                select customer_key, repeat_purchase_days, purchase_span_days, observed_days
                from intermediate.int_customer_value_summary
            """)
        },
    )
    yield same_rows(
        "countries of each buyer by version",
        {
            (row["CustomerID"], int(row["version"])): row["Country"]
            for row in reference("i_scd2_customer_country.csv.gz")
        },
        {
            row[:2]: row[2]
            for row in shop.rows("""
                select customer_key, version_number, country from marts.dim_customers
                where customer_key in (select customer_key from marts.rfm_analysis)
            """)
        },
    )


def pairs(shop: Loaded) -> Comparison:
    """Counts and measures of every frequent pair."""
    measures = ("support", "conf_a_to_b", "conf_b_to_a", "lift", "leverage", "conviction_a_to_b")
    return same_rows(
        "pairs with support ≥ 0.01: counts, support, confidence, lift, leverage, conviction",
        {
            (row["item_a"], row["item_b"]): (
                *(int(row[name]) for name in ("pair_count", "count_a", "count_b")),
                19_773,
                *(float(row[name]) for name in measures),
            )
            for row in reference("i_pairs_all_minsup001.csv")
        },
        {
            row[:2]: (*map(int, row[2:6]), *map(float, row[6:]))
            for row in shop.rows("""
                select product_key_a, product_key_b, pair_count, count_a, count_b, basket_count,
                    support, confidence_a_to_b, confidence_b_to_a, lift, leverage, conviction_a_to_b
                from marts.product_affinity
            """)
        },
        relative=1e-9,
    )


def reference(name: str) -> list[dict[str, str]]:
    """Rows of a file of the reference answers."""
    path = EXPECTED / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))
