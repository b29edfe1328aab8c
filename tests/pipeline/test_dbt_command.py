"""`python -m local dbt`: dbt on the running stack, with its outcome."""

import os
from pathlib import Path

import pytest

from local.__main__ import main
from local.stack import Stack


def test_a_command_runs_on_the_stack_and_beside_airflows_files(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    state = Path(os.environ["LOCAL_STATE"])
    assert main(["dbt", "--no-use-colors", "debug", "--connection"]) == 0
    assert "Connection test: [OK connection ok]" in capfd.readouterr().out
    assert (state / "dbt" / "logs" / "dbt.log").exists()
    assert main(["dbt", "no-such-command"]) != 0
