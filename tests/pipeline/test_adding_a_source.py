"""docs/adding-a-source.md does what it says: its files alone bring a new table to staging, through its own gate."""

from pathlib import Path

import pytest

from tests.pipeline import guides

GUIDE = "adding-a-source.md"
MOST_LINES = 60
OWN_TEST = "tests/pipeline/test_shipments.py"
# What looks at every table: none of it may need a line for a new one.
ABOUT_EVERY_TABLE = (
    "tests/unit/test_contracts.py",
    "tests/unit/test_gate_suites.py",
    "tests/unit/test_freshness.py",
    "tests/unit/test_lineage.py",
    "tests/unit/test_dbt_project.py",
    "tests/unit/test_alert_messages.py",
    "tests/dags/test_dags.py",
    "tests/dags/test_runbooks.py",
    "tests/pipeline/test_gate.py::test_every_rule_has_an_example_that_breaks_it",
    "tests/pipeline/test_bootstrap.py",
    "tests/standins/test_postgres.py",
)


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return guides.files(GUIDE)


def test_a_new_table_is_a_contract_a_suite_and_a_test_of_less_than_sixty_lines(written: dict[str, str]) -> None:
    assert list(written) == ["include/contracts/shipments.yml", "include/expectations/shipments.yml", OWN_TEST]
    assert guides.lines(written) < MOST_LINES
    assert f"{guides.lines(written)} lines" in (guides.PROJECT / "docs" / GUIDE).read_text()


def test_its_files_bring_a_new_table_to_staging_and_no_test_needs_to_know(
    written: dict[str, str], tmp_path: Path
) -> None:
    project = guides.copy(tmp_path / "project", written)
    assert guides.run_tests(project, OWN_TEST, *ABOUT_EVERY_TABLE) > 51


def test_its_test_fails_when_nothing_is_set_aside(written: dict[str, str], tmp_path: Path) -> None:
    """The guide's own test must be able to fail: without the rule the bad row is published."""
    suite = "include/expectations/shipments.yml"
    lenient = written | {suite: written[suite].replace("min_value: 0", "min_value: -100")}
    assert lenient != written
    project = guides.copy(tmp_path / "project", lenient)
    with pytest.raises(AssertionError, match="1 failed"):
        guides.run_tests(project, OWN_TEST)
