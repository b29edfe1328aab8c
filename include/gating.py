"""Open the gate for a landed batch: its suite, Great Expectations on the warehouse connection, Data Docs."""

import logging
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from include import config, data_docs
from include.expectations import promised, suite
from include.gate import Verdict, evaluate
from include.gate_parameters import parameters, surroundings
from include.landing import LandedBatch, compare
from include.validation import Validator
from include.warehouse import Warehouse

log = logging.getLogger(__name__)


def check(warehouse: Warehouse, batch: LandedBatch, *, limited: bool = True) -> tuple[Verdict, Path]:
    """The gate's verdict on a landed batch, and the first page of its Data Docs.

    `limited` stops a batch of which too much would be set aside. A replay is not limited: all its rows were set aside.

    Raises:
        GateFailed: the batch may not be published.
        LandingError: the landing table does not hold what the manifest promises.
    """
    data_docs.prune(batch.contract.table)
    validator = Validator(warehouse, batch.table, data_docs.folder(batch))
    rules = promised(batch.contract, suite(batch.contract.table))
    if not limited:
        rules = replace(rules, row_limit=Decimal(1), money_limit=Decimal(1))
    timezone = config.store_timezone()
    around = surroundings(warehouse, batch, rules.parameters, timezone)
    compare(batch.manifest, batch.contract, *around.landed)
    known = parameters(batch, around, rules.parameters, timezone)
    told, left_out = rules.told(known)
    for rule in left_out if batch.rows else ():
        unknown = ", ".join(sorted(rule.parameters - known.keys()))
        log.info("Not checked, %s not known for this batch: %s", unknown, rule.name)
    try:
        return evaluate(warehouse, batch, told, validator), validator.docs_page
    finally:
        data_docs.share_static(data_docs.folder(batch))
