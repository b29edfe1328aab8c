"""docs/adding-a-model.md, -an-expectation.md and -an-endpoint.md do what they say: tried in a copy of the project."""

from pathlib import Path

import pytest

from tests import built
from tests.pipeline import guides

MODEL, EXPECTATION, ENDPOINT = "adding-a-model.md", "adding-an-expectation.md", "adding-an-endpoint.md"
DBT_TEST = """
from local.built_shop import dbt


def test_the_model_is_built_and_its_tests_hold(shop, tmp_path):
    dbt(shop, tmp_path, "build", "--select", "refund_reasons")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which somebody has followed the three guides."""
    written = guides.files(MODEL) | guides.files(ENDPOINT)
    copied = guides.copy(tmp_path_factory.mktemp("guides") / "project", written)
    assert (guides.insert(EXPECTATION, copied), guides.insert(ENDPOINT, copied)) == (2, 3)
    return copied


def test_an_expectation_sets_its_own_example_aside(project: Path) -> None:
    tests = ("tests/pipeline/test_gate.py", "tests/unit/test_gate_suites.py")
    assert guides.run_tests(project, *tests, "-k", "refunds or suite") > 5


def test_an_expectation_without_an_example_is_found_out(project: Path, tmp_path: Path) -> None:
    copied = guides.copy(tmp_path / "project", {})
    suite = "include/expectations/refunds.yml"
    (copied / suite).write_text((project / suite).read_text())
    with pytest.raises(AssertionError, match="a reason is a few words"):
        guides.run_tests(copied, "tests/pipeline/test_gate.py::test_every_rule_has_an_example_that_breaks_it[refunds]")


def test_a_model_is_described_and_has_a_task_of_its_own(project: Path) -> None:
    assert guides.run_tests(project, "tests/unit/test_dbt_project.py", "tests/unit/test_lookml.py") > 20
    assert guides.run_tests(project, "tests/dags/test_dags.py", "-k", "every_model or every_file") == 2


def test_a_model_is_built_and_an_endpoint_answers_what_it_holds(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On the shop that this run's tests of the API are served on, where there is one: the model is built beside it."""
    (project / "tests" / "api" / "test_model.py").write_text(DBT_TEST)
    tests = (f"tests/api/test_{name}.py" for name in ("model", "refund_reasons", "description"))
    stacks = built.shared(tmp_path_factory)
    assert guides.run_tests(project, *tests, "-k", "not what_it_tells", stacks=stacks) >= 5
