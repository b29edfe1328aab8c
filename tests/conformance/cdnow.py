"""CDNOW, the literature's sample of 2,357 customers: its purchases as orders, the fitted models against the papers.

The papers count in weeks, the product in days: a time divided by seven, a log-likelihood plus ln 7 for every repeat.

Sources: Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), table 2, and the
spreadsheet note to it for the conditional expectation; Batislam, Denizel, Filiztekin (2007), IJRM 24(3); Fader, Hardie
(2013), The Gamma-Gamma Model of Monetary Value.
"""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.value import BG_NBD, Histories
from tests.conformance.comparison import Comparison, exact, near
from tests.end_to_end.loaded import Loaded

TITLE = "CDNOW"
CALIBRATION_END = date(1997, 9, 30)
CUSTOMERS = 2_357
DAYS_A_WEEK = 7


def spec(directory: Path) -> str:
    """The purchases of the calibration period as a data set in `directory`."""
    purchases = list(calibration())
    ids = [str(number) for number in range(1, len(purchases) + 1)]
    at = [datetime.combine(day, datetime.min.time()) + timedelta(hours=12) for _, day, _, _ in purchases]
    held = directory / "cdnow"
    held.mkdir(parents=True, exist_ok=True)
    customers = [customer for customer, _, _, _ in purchases]
    pq.write_table(pa.table({"order_id": ids, "customer_id": customers, "ordered_at": at}), held / "orders.parquet")
    items = {
        "order_id": ids,
        "product_id": ["CD"] * len(ids),
        "quantity": [count for _, _, count, _ in purchases],
        "line_amount": [amount for _, _, _, amount in purchases],
    }
    pq.write_table(pa.table(items), held / "order_items.parquet")
    return str(held)


def calibration() -> Iterator[tuple[str, date, int, str]]:
    """Customer, day, CDs and dollars of the purchases until the end of September 1997."""
    held = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt")
    for line in Path(str(held)).read_text().splitlines():
        _, customer, day, count, amount = line.split()
        bought = date.fromisoformat(day)
        if bought <= CALIBRATION_END:
            yield customer, bought, int(count), amount


def compare(shop: Loaded) -> Iterator[Comparison]:
    """Parameters and log-likelihoods of the three models, and predictions for the papers' customers."""
    customers, repeats = shop.row("""
        select count(*), sum(repeat_purchase_days) from intermediate.int_customer_value_summary
    """)
    yield exact("customers", CUSTOMERS, customers)
    fits = {
        row[0]: row[1:]
        for row in shop.rows("""
            select model_name, r, alpha, a, b, p, q, v, log_likelihood
            from analytics.analytics.customer_value_parameters
        """)
    }
    r, alpha, a, b, _, _, _, likelihood = fits["bg_nbd"]
    yield near("BG/NBD r", 0.2426, r, absolute=0.0001)
    yield near("BG/NBD α (weeks)", 4.4135, alpha / DAYS_A_WEEK, absolute=0.001)
    yield near("BG/NBD a", 0.7929, a, absolute=0.001)
    yield near("BG/NBD b", 2.4258, b, absolute=0.003)
    in_weeks = likelihood + float(repeats) * math.log(DAYS_A_WEEK)
    yield near("BG/NBD log-likelihood (weeks)", -9582.43, in_weeks, absolute=0.01)
    customer = Histories.of([(2, 30.43, 38.86, 1)])
    [expected] = BG_NBD.expected_purchases(customer, 39, r=r, alpha=alpha / DAYS_A_WEEK, a=a, b=b)
    yield near("BG/NBD purchases in 39 weeks, x 2, t_x 30.43, T 38.86", 1.226, expected, absolute=0.001)
    r, alpha, a, b, _, _, _, likelihood = fits["mbg_nbd"]
    yield near("MBG/NBD r", 0.525, r, absolute=0.001)
    yield near("MBG/NBD α (weeks)", 6.183, alpha / DAYS_A_WEEK, absolute=0.01)
    yield near("MBG/NBD a", 0.891, a, absolute=0.002)
    yield near("MBG/NBD b", 1.614, b, absolute=0.005)
    _, _, _, _, p, q, v, _ = fits["gamma_gamma"]
    yield near("Gamma-Gamma p", 6.25, p, absolute=0.02)
    yield near("Gamma-Gamma q", 3.74, q, absolute=0.02)
    yield near("Gamma-Gamma v", 15.44, v, absolute=0.1)
    alive = shop.row("select min(probability_alive_bg_nbd) from marts.customer_lifetime_value where order_count = 1")[0]
    yield exact("BG/NBD P(alive) of one-time buyers", 1.0, alive)
