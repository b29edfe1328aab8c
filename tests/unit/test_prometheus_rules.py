"""Prometheus' own tool raises each example alert on what must raise it, and not on what must not."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

CASES = sorted(Path(__file__).parent.glob("prometheus_rules*_test.yml"))
RULES = Path(__file__).parents[2] / "docs" / "prometheus_rules.yml"


def test_every_rule_has_a_case_that_raises_it_and_one_that_does_not() -> None:
    tests = [test for file in CASES for test in yaml.safe_load(file.read_text())["tests"]]
    told = [case for test in tests for case in test["alert_rule_test"]]
    rules = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    assert {case["alertname"] for case in told if case.get("exp_alerts")} == rules
    quiet = {case["alertname"] for case in told if not case.get("exp_alerts")}
    assert rules - quiet == {"WarehouseQuarantineGrows"}  # its case names one of two tables


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, of Prometheus, is not installed")
def test_the_rules_hold_in_prometheus() -> None:
    ended = subprocess.run(
        ["promtool", "test", "rules", *CASES], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
