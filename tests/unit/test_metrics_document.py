"""docs/metrics.md, the exporter's mapping and the rules name one set of metrics; Airflow's are those it registers.

That they arrive from a running Airflow is seen in tests/end_to_end/test_watched.py.
"""

import re
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
import yaml

from include import metrics
from tests.unit.documented_metrics import DOCUMENT, documented

REGISTERED = {"counter": "c", "gauge": "g", "timer": "ms"}


def exported() -> dict[str, set[str]]:
    """Names in Prometheus of what is documented, by the exporter's mapping, with their labels."""
    mapped = {rule["match"]: rule["name"] for rule in mapping()["mappings"]}
    names = {}
    for metric in documented():
        name = mapped.pop(metric.name, metric.name.replace(".", "_"))
        names[f"{name}_bucket" if metric.kind == "ms" else name] = set(metric.tags)
    assert not mapped, "the mapping names what is not documented"
    return names


def mapping() -> dict:
    return yaml.safe_load((DOCUMENT.parent / "statsd_mapping.yml").read_text())


def test_every_timer_has_a_unit() -> None:
    mapped = {rule["match"]: rule["name"] for rule in mapping()["mappings"]}
    for metric in documented():
        if metric.kind == "ms":
            assert mapped[metric.name].endswith("_seconds"), metric.name


def test_the_rules_ask_for_documented_metrics_and_labels() -> None:
    groups = yaml.safe_load((DOCUMENT.parent / "prometheus_rules.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 10
    names = exported()
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        asked = set(re.findall(r"\bairflow_\w+", rule["expr"]))
        assert asked and asked <= set(names), rule["alert"]
        labels = set().union(*(names[name] for name in asked)) | {"le"}
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        used |= {label for found in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in re.split(r",\s*", found)}
        assert used <= labels, rule["alert"]
        for runbook in re.findall(r"docs/runbooks/\w+\.md", rule["annotations"]["summary"]):
            assert (DOCUMENT.parents[1] / runbook).is_file()


def test_airflows_metrics_are_documented_as_airflow_registers_them() -> None:
    registry = files("airflow.sdk._shared.observability.metrics") / "metrics_template.yaml"
    known = {metric["name"]: metric["type"] for metric in yaml.safe_load(registry.read_text())["metrics"]}
    own = {metric.name for metric in documented() if metric.name.startswith("airflow.warehouse.")}
    assert len(own) == 6
    for metric in documented():
        if metric.name not in own:
            assert REGISTERED[known[metric.name.removeprefix("airflow.")]] == metric.kind, metric.name


def test_the_products_metrics_are_those_of_the_code() -> None:
    code = (DOCUMENT.parents[1] / "include" / "metrics.py").read_text()
    sent = set(re.findall(r'stats\.(incr|gauge|timer)\("([\w.]+)"', code))
    kinds = {"incr": "c", "gauge": "g", "timer": "ms"}
    assert {(f"airflow.{name}", kinds[how]) for how, name in sent} == {
        (metric.name, metric.kind) for metric in documented() if metric.name.startswith("airflow.warehouse.")
    }


@pytest.mark.parametrize(
    ("through", "now", "hours"),
    [
        (date(2026, 7, 1), datetime(2026, 7, 2, 5, tzinfo=UTC), 6),  # the day ended at 23:00 UTC
        (date(2026, 12, 1), datetime(2026, 12, 2, 5, tzinfo=UTC), 5),
    ],
)
def test_data_is_as_old_as_the_end_of_its_last_store_day(through: date, now: datetime, hours: int) -> None:
    assert metrics.age(through, now) == hours * 3600
