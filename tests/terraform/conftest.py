"""terraform/check runs these tests, with the interpreter of requirements-checks.txt; no other one collects them."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob = [] if find_spec("hcl2") and find_spec("checkov") else ["test_*.py"]
TERRAFORM = Path(__file__).parents[2] / "terraform"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of terraform/ to plant mistakes in."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfvars", "backend.hcl", "*.tfstate*")
    return shutil.copytree(TERRAFORM, tmp_path / "terraform", ignore=ignored)
