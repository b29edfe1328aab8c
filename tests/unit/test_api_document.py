"""docs/api.md names the metrics of the API as the code has them, and the tables of `audit` that its queries read."""

import re
from pathlib import Path

from plugins.analytics.metrics import Metrics

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "api.md").read_text()
ROW = re.compile(r"^\| `(analytics_\w+)` \| (counter|gauge|histogram) \|([^|]*)\|([^|]*)\|([^|]*)\|$", re.M)
QUERIES = [*(ROOT / "include" / "sql" / "serve").glob("*.sql"), ROOT / "include" / "sql" / "keys" / "active.sql"]


def test_the_metrics_are_those_of_the_code() -> None:
    held = {
        (collector._name + ("_total" if collector._type == "counter" else ""), collector._type, collector._labelnames)
        for collector in Metrics()._registry._collector_to_names
    }
    assert len(held) > 5
    documented = {
        (name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels, *_ in ROW.findall(DOCUMENT)
    }
    assert documented == held


def test_every_metric_says_what_it_means_and_when_to_alert() -> None:
    for name, _, _, says, alert in ROW.findall(DOCUMENT):
        assert says.strip() and alert.strip(), name


def test_the_metrics_that_are_served_are_documented() -> None:
    served = set(re.findall(r"^# TYPE (\w+)", Metrics().text().decode(), re.M))
    documented = {name for name, *_ in ROW.findall(DOCUMENT)}
    assert {name for name in served if not name.endswith("_created")} == documented


def test_the_reader_is_granted_the_audit_tables_that_it_reads() -> None:
    read = {table for query in QUERIES for table in re.findall(r"\baudit\.\w+", query.read_text())}
    [granted] = re.findall(r"The connection `warehouse_reader`.*?`warehouse_pii_reader`", DOCUMENT, re.S)
    assert set(re.findall(r"\baudit\.\w+", granted)) == read
