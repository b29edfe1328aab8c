"""Every query of a runbook runs as it stands there, its placeholders filled."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from include.gate import GateFailed
from tests.pipeline.rows import order

RUNBOOKS = sorted((Path(__file__).parents[2] / "docs" / "runbooks").glob("*.md"))
QUERIES = [
    (path.stem, query.strip().rstrip(";"))
    for path in RUNBOOKS
    for query in re.findall(r"```sql\n(.*?)```|`(select [^`]*)`", path.read_text(), flags=re.DOTALL)
    for query in query
    if query
]


@pytest.mark.parametrize(("runbook", "query"), QUERIES)
def test_a_query_of_a_runbook_runs_and_shows_what_it_is_for(pipeline, runbook, query):
    bad = [order(f"B{number}", status="lost", total_amount=Decimal(-1)) for number in range(20)]
    stopped = pipeline.land("orders", bad)
    if runbook == "quarantine_exceeded":
        stopped = pipeline.land("orders", [order(f"B{number}", total_amount=Decimal(-1)) for number in range(60)])
    with pytest.raises(GateFailed):
        pipeline.gate(stopped)
    filled = query.replace("<table>", "orders").replace("<source>", "orders").replace("<batch>", stopped.id)
    assert "<" not in filled.replace("<>", "").replace("<=", "")
    found = pipeline.warehouse.execute(filled).fetchall()
    if runbook in ("gate_failed", "quarantine_exceeded"):
        assert found


def test_the_runbooks_have_queries():
    assert len(QUERIES) >= 7
