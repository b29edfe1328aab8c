"""Open the gate for a landed batch: its suite, Great Expectations on the warehouse connection, Data Docs."""

from dataclasses import replace
from pathlib import Path

from include import config
from include.expectations import promised, suite
from include.gate import Verdict, evaluate
from include.landing import LandedBatch
from include.validation import Validator
from include.warehouse import Warehouse, connect_args


def check(warehouse: Warehouse, batch: LandedBatch, *, limited: bool = True) -> tuple[Verdict, Path]:
    """The gate's verdict on a landed batch, and the first page of its Data Docs.

    `limited` stops a batch of which too much would be set aside. A replay is not limited: all its rows were set aside.

    Raises:
        GateFailed: the batch may not be published.
    """
    validator = Validator(connect_args(), batch.table, config.DATA_DOCS_DIR / batch.contract.table / batch.id)
    rules = promised(batch.contract, suite(batch.contract.table))
    if not limited:
        rules = replace(rules, tolerated_rows=batch.rows)
    return evaluate(warehouse, batch, rules, validator), validator.docs_page
