"""terraform fmt and checkov, each seen to fail as well."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.configuration import TERRAFORM
from tests.terraform.planning import terraform

CHECKOV = Path(sys.executable).with_name("checkov")
SECONDS = 300

needs_terraform = pytest.mark.skipif(terraform() is None, reason="no terraform binary; TERRAFORM names one")


def unformatted(root: Path) -> list[str]:
    """Files that `terraform fmt` would write differently."""
    binary = terraform()
    assert binary
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    command = [binary, "fmt", "-check", "-recursive", "-no-color"]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS
    ).stdout.splitlines()


def checkov(root: Path) -> dict[str, Any]:
    """checkov's report: failed_checks, skipped_checks, parsing_errors."""
    command = [
        str(CHECKOV),
        "-d",
        str(root),
        "--framework",
        "terraform",
        "--skip-download",
        "-o",
        "json",
        "--soft-fail",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["results"]


@needs_terraform
def test_every_file_is_formatted() -> None:
    assert unformatted(TERRAFORM) == []


@needs_terraform
def test_an_unformatted_file_is_found(copied: Path) -> None:
    file = copied / "modules" / "aws" / "kms.tf"
    file.write_text(file.read_text().replace("enable_key_rotation     =", "enable_key_rotation ="))

    assert unformatted(copied) == ["modules/aws/kms.tf"]


def test_checkov_finds_nothing_that_is_not_skipped_for_a_reason() -> None:
    report = checkov(TERRAFORM)

    assert [(each["check_id"], each["resource"]) for each in report["failed_checks"]] == []
    assert report["parsing_errors"] == []
    assert len(report["passed_checks"]) > 100
    for each in report["skipped_checks"]:
        assert len(each["check_result"]["suppress_comment"]) > 20, f"{each['check_id']} is skipped without a reason"


PLANTED = (
    ("lake.tf", "  block_public_policy     = true", "  block_public_policy     = false", "CKV_AWS_54"),
    ("lake.tf", "  restrict_public_buckets = true", "  restrict_public_buckets = false", "CKV_AWS_56"),
    ("lake.tf", 'sse_algorithm     = "aws:kms"', 'sse_algorithm     = "AES256"', "CKV_AWS_145"),
    ("lake.tf", 'status = "Enabled"', 'status = "Suspended"', "CKV_AWS_21"),
    ("kms.tf", "enable_key_rotation     = true", "enable_key_rotation     = false", "CKV_AWS_7"),
    ("alarms.tf", "  kms_master_key_id = aws_kms_key.this.arn\n", "", "CKV_AWS_26"),
)


def test_checkov_finds_what_would_open_the_lake(copied: Path) -> None:
    for name, old, new, _ in PLANTED:
        file = copied / "modules" / "aws" / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))

    found = {each["check_id"] for each in checkov(copied)["failed_checks"]}

    assert {check for *_, check in PLANTED} <= found
