"""What can be found out by reading terraform/: against the providers' schemas, and against the rest of the project."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terraform import agreement, checks
from tests.terraform.configuration import TERRAFORM

CHECKS = (*checks.ALL, *agreement.ALL)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_terraform_has_no_mistake(check: Callable[[Path], list[str]]) -> None:
    assert check(TERRAFORM) == []
